"""The condition RouteAccepted, from what the Gateways' controllers have written into the HTTPRoute's status: pure."""

from collections.abc import Iterator, Mapping

from caixa_operator.manifest import Manifest, Ref
from caixa_operator.reconcile.claims import Claim, claim, unknown
from caixa_operator.reconcile.plan import Live
from caixa_operator.resources import gateway, http_route
from caixa_operator.spec.cashbox import CashBox

_KEYS = ("name", "sectionName", "port")
_TO_DO = {
    "NotAllowedByListeners": "let a listener of that Gateway admit routes of this namespace (allowedRoutes), or name another Gateway",
    "NoMatchingListenerHostname": "write hostnames that one of its listeners serves, or give it a listener for them",
    "NoMatchingParent": "name a listener that it has in sectionName and port, or leave them out",
    "RefNotPermitted": "its policies keep it from the gateway's Service: allow that (ReferenceGrant)",
}


def route(cashbox: CashBox, live: Live) -> Claim | None:
    """Tell whether every Gateway that spec.gateway.expose.httpRoute names has taken the route; None where there is no route."""
    found = live.get(Ref(http_route.KIND, f"{cashbox.name}-{gateway.COMPONENT}"))
    if cashbox.spec.gateway.expose.type != "HTTPRoute" or found is None:
        return None
    answers = {_told(parent, cashbox.namespace): list(_answers(found, parent)) for parent in found["spec"].get("parentRefs") or []}
    refused = [f"{parent}: {one}" for parent, said in answers.items() for one in _refusals(said)]
    if refused:
        message = f"HTTPRoute {found['metadata']['name']} is not served by Gateway {'; by Gateway '.join(refused)}"
        return claim("RouteAccepted", holds=False, reason="NotAccepted", message=message)
    if silent := [parent for parent, said in answers.items() if not _accepted(said)]:
        message = (
            f"no controller has answered yet for Gateway {', '.join(silent)}: if this lasts, see that it exists"
            f" (`kubectl get gateways --all-namespaces`) and that a controller serves its class"
        )
        return unknown("RouteAccepted", reason="NoAnswer", message=message)
    return claim("RouteAccepted", holds=True, reason="Accepted", message=f"the route is served by Gateway {', '.join(answers)}")


def _answers(found: Manifest, parent: Manifest) -> Iterator[Mapping[str, Manifest]]:
    """Return what each controller says of one parent, by type; what was said of an older route is no answer."""
    namespace, generation = found["metadata"].get("namespace"), found["metadata"].get("generation", 1)
    for one in (found.get("status") or {}).get("parents") or []:
        of = one["parentRef"]
        if all(of.get(key) == parent.get(key) for key in _KEYS) and of.get("namespace", namespace) == parent.get("namespace", namespace):
            conditions = one.get("conditions") or []
            yield {said["type"]: said for said in conditions if said.get("observedGeneration", generation) >= generation}


def _refusals(said: list[Mapping[str, Manifest]]) -> list[str]:
    """Say what the controllers refuse, in their words, and what to do where it is known."""
    refused = [one[kind] for one in said for kind in ("Accepted", "ResolvedRefs") if kind in one and one[kind]["status"] == "False"]
    return [
        f"{one['type']} is False, {one['reason']} ({one['message'] or 'no message'})" + (f": {to_do}" if to_do else "")
        for one in refused
        for to_do in (_TO_DO.get(one["reason"]),)
    ]


def _accepted(said: list[Mapping[str, Manifest]]) -> bool:
    return any("Accepted" in one and one["Accepted"]["status"] == "True" for one in said)


def _told(parent: Manifest, namespace: str) -> str:
    """Name a parent as people find it: namespace/name, and its listener."""
    listener = parent.get("sectionName") or parent.get("port")
    return f"{parent.get('namespace', namespace)}/{parent['name']}" + (f" (listener {listener})" if listener else "")
