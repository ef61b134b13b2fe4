"""Carry out a plan: every write is tried, and what was refused is told."""

from http import HTTPStatus

from caixa_operator.api import FIELD_MANAGER, SCALER, ApiError, KubernetesApi
from caixa_operator.manifest import Manifest, Ref, ref
from caixa_operator.reconcile.plan import Plan
from caixa_operator.reconcile.volumes import KIND as CLAIM
from caixa_operator.reconcile.volumes import Growth, not_grown
from caixa_operator.resources import http_route


async def execute(api: KubernetesApi, namespace: str, plan: Plan, live: dict[Ref, Manifest]) -> list[str]:
    """Apply and prune; `live` then holds what the API server answered. Returns one message per refusal."""
    refusals: list[str] = []
    for manifest in plan.apply:
        name = ref(manifest)
        try:
            await _hand_over_replicas(api, manifest, live.get(name))
            live[name] = await _applied(api, manifest, live.get(name))
        except ApiError as error:
            refusals.append(f"{name.kind} {name.name} was refused: {_told(name.kind, error)}")
    for name in plan.prune:
        try:
            await api.delete(name.kind, namespace, name.name)
            del live[name]
        except ApiError as error:
            refusals.append(f"{name.kind} {name.name} could not be deleted: {error}")
    return refusals


async def grow(api: KubernetesApi, namespace: str, larger: tuple[Growth, ...], live: dict[Ref, Manifest]) -> list[str]:
    """Ask for larger volumes; `live` then holds what the API server answered. Returns one message per claim that it refused."""
    refusals: list[str] = []
    for claim, size in larger:
        try:
            live[Ref(CLAIM, claim)] = await api.merge(CLAIM, namespace, claim, {"spec": {"resources": {"requests": {"storage": size}}}})
        except ApiError as error:
            refusals.append(not_grown(claim, str(error)))
    return refusals


def _told(kind: str, error: ApiError) -> str:
    """Say what was refused; a cluster that lacks a definition says no more than `404 page not found`."""
    if kind == http_route.KIND and error.status == HTTPStatus.NOT_FOUND:
        return f"the cluster does not know the kind ({error}): install the Gateway API, or choose another spec.gateway.expose.type"
    return str(error)


async def _applied(api: KubernetesApi, wanted: Manifest, live: Manifest | None) -> Manifest:
    """Apply; where members that others have put into a list make the whole invalid, first put the lists back as they are wanted.

    An apply only adds to such lists: a Service whose ports somebody replaced would never be repaired.
    """
    try:
        return await api.apply(wanted)
    except ApiError as error:
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY or live is None or "spec" not in wanted:
            raise
    name = ref(wanted)
    await api.merge(name.kind, wanted["metadata"]["namespace"], name.name, {"spec": wanted["spec"]})
    return await api.apply(wanted)


async def _hand_over_replicas(api: KubernetesApi, wanted: Manifest, live: Manifest | None) -> None:
    """Before an apply that no longer sets the number of pods: let the scaler own the present one.

    A field that its only owner no longer applies is removed, and the API server would put its default, 1, in its place.
    A number that others own, such as an HPA's, is theirs.
    """
    if wanted["kind"] != "Deployment" or "replicas" in wanted["spec"] or live is None:
        return
    present = live["spec"].get("replicas", 1)
    owners = [entry for entry in live["metadata"].get("managedFields", []) if "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})]
    managers = {entry["manager"] for entry in owners}
    if FIELD_MANAGER in managers and SCALER not in managers:
        await api.scale(wanted["metadata"]["namespace"], wanted["metadata"]["name"], present)
