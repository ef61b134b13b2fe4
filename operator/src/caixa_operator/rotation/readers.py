"""Who may still have old values in hand: pure. Pods read them at their start only, and say in an annotation which they have read."""

from collections.abc import Iterable, Iterator, Sequence

from caixa_operator.manifest import Manifest, Ref, fingerprint
from caixa_operator.reconcile.plan import GATED, Live, Plan
from caixa_operator.reconcile.progress import rolled_out
from caixa_operator.resources.identity import COMPONENT_LABEL, component
from caixa_operator.resources.pods import CREDENTIALS_ANNOTATION

_ENDED = ("Succeeded", "Failed")


def behind(wanted: Sequence[Manifest], plan: Plan, live: Live, pods: Iterable[Manifest], *, scaled: frozenset[str]) -> list[str]:
    """Name what still has old values, or may still start with a template of old ones; `scaled` are the Deployments that load scales.

    A pod that ends counts until it is gone: it serves its last requests with the connections that it has, and may open others.
    """
    changing = {*plan.held, *(component(one) for one in plan.apply if one["kind"] in GATED)}
    rolling = {
        component(one)
        for one in wanted
        if one["kind"] == "Deployment"
        and not rolled_out(live.get(Ref("Deployment", one["metadata"]["name"])), scaled=component(one) in scaled)
    }
    current = {component(one): _template(one)["metadata"]["annotations"][CREDENTIALS_ANNOTATION] for one in _readers(wanted)}
    old = (pod["metadata"]["name"] for pod in pods if _has_old(pod, current))
    return [*sorted(f"{part} is rolled out" for part in changing | rolling), *sorted(f"pod {name} ends" for name in old)]


def start_of(pods: Iterable[Manifest], store: str) -> str:
    """Return digits that change whenever a store's container starts: what it was taught before may be lost then."""
    own = [pod for pod in pods if (pod["metadata"].get("labels") or {}).get(COMPONENT_LABEL) == store]
    states = [status for pod in own for status in (pod.get("status") or {}).get("containerStatuses") or ()]
    return fingerprint([sorted(pod["metadata"]["uid"] for pod in own), [status.get("restartCount", 0) for status in states]], 8)


def _readers(wanted: Iterable[Manifest]) -> Iterator[Manifest]:
    return (one for one in wanted if one["kind"] in ("Deployment", "CronJob", "Job") and CREDENTIALS_ANNOTATION in _annotations(one))


def _template(one: Manifest) -> Manifest:
    spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
    found: Manifest = spec["template"]
    return found


def _annotations(one: Manifest) -> dict[str, str]:
    found: dict[str, str] = _template(one)["metadata"].get("annotations") or {}
    return found


def _has_old(pod: Manifest, current: dict[str, str]) -> bool:
    wanted = current.get((pod["metadata"].get("labels") or {}).get(COMPONENT_LABEL, ""))
    if wanted is None or (pod.get("status") or {}).get("phase") in _ENDED:
        return False
    found: str | None = (pod["metadata"].get("annotations") or {}).get(CREDENTIALS_ANNOTATION)
    return found != wanted
