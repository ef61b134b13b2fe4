"""Whether Gateways take the route: what their controllers write, and what the operator makes of it."""

from typing import Any

import pytest

from caixa_operator.manifest import Manifest, Ref
from caixa_operator.reconcile.assess import assess
from caixa_operator.reconcile.claims import Claim
from caixa_operator.reconcile.plan import decide
from caixa_operator.reconcile.route import route
from tests.unit.operator.boxes import NOW, applied, cashbox, family

HERE = {"name": "public"}
THERE = {"name": "public", "namespace": "infra", "sectionName": "https"}
ROUTE = {"expose": {"type": "HTTPRoute", "httpRoute": {"hostnames": ["caixa.example"], "parentRefs": [HERE, THERE]}}}
REF = Ref("HTTPRoute", "loja-gateway")


def said(kind: str, status: str, reason: str = "Accepted", *, generation: int = 1) -> Manifest:
    """Return a condition as a Gateway's controller writes it."""
    return {"type": kind, "status": status, "reason": reason, "message": "its own words", "observedGeneration": generation}


def answer(parent: Manifest, *conditions: Manifest) -> Manifest:
    """Return what one controller says of a parent."""
    return {"parentRef": parent, "controllerName": "example.com/gateways", "conditions": list(conditions)}


def claimed(*parents: Manifest, **spec: Any) -> Claim | None:  # Any: a spec is free-form JSON
    """Return the condition once controllers have answered so."""
    box = cashbox(gateway=spec or ROUTE)
    live = applied(family(box))
    if REF in live:
        live[REF] = {**live[REF], "status": {"parents": list(parents)}}
    return route(box, live)


def test_without_a_route_nothing_is_claimed() -> None:
    """A CashBox that is reached otherwise has no such condition."""
    assert claimed(expose={"type": "NodePort"}) is None


def test_a_route_that_every_gateway_takes_is_accepted() -> None:
    """A parent without a namespace is one of the route's own, whether the controller writes that or not."""
    taken = [answer({**HERE, "namespace": "caixa"}, said("Accepted", "True")), answer(THERE, said("Accepted", "True"))]
    made = claimed(*taken)
    assert made is not None
    assert (made.status, made.reason) == ("True", "Accepted")


@pytest.mark.parametrize(
    "parents",
    [
        [],
        [answer(HERE, said("Accepted", "True"))],
        [answer(HERE, said("Accepted", "True")), answer({**THERE, "sectionName": "http"}, said("Accepted", "True"))],
        [answer(HERE, said("Accepted", "True")), answer(THERE, said("Accepted", "True", generation=0))],
        [answer(HERE, said("Accepted", "True")), answer(THERE)],
    ],
    ids=["none", "one of two", "another listener", "an older route", "no conditions"],
)
def test_while_a_gateway_has_not_answered_nobody_knows(parents: list[Manifest]) -> None:
    """The condition names the one that is silent, and what to look at."""
    made = claimed(*parents)
    assert made is not None
    assert (made.status, made.reason) == ("Unknown", "NoAnswer")
    assert "infra/public (listener https)" in made.message
    assert "kubectl get gateways" in made.message


@pytest.mark.parametrize(
    ("condition", "to_do"),
    [
        (said("Accepted", "False", "NotAllowedByListeners"), "allowedRoutes"),
        (said("Accepted", "False", "NoMatchingListenerHostname"), "write hostnames that one of its listeners serves"),
        (said("Accepted", "False", "Pending"), "its own words"),
        (said("ResolvedRefs", "False", "RefNotPermitted"), "ReferenceGrant"),
    ],
)
def test_a_refusal_degrades_and_says_which_and_what_to_do(condition: Manifest, to_do: str) -> None:
    """One Gateway's refusal counts although another one takes the route, and although it serves within the cluster."""
    refused = [answer(HERE, said("Accepted", "True")), answer(THERE, said("Accepted", "True"), condition)]
    made = claimed(*refused)
    assert made is not None
    assert (made.status, made.reason) == ("False", "NotAccepted")
    assert "Gateway infra/public (listener https)" in made.message
    assert "Gateway caixa/public" not in made.message
    assert to_do in made.message
    box = cashbox(gateway=ROUTE)
    live = applied(family(box))
    live[REF] = {**live[REF], "status": {"parents": refused}}
    assessed = assess(box, decide(family(box), live), live, [], served_before=True, now=NOW)
    degraded = next(one for one in assessed.claims if one.type == "Degraded")
    assert degraded.status == "True"
    assert made.message in degraded.message
