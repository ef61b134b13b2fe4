"""Which consumer goes first."""

from typing import Any

from caixa_operator.autoscaler.going import COST_ANNOTATION, costs


def pod(name: str, address: str, cost: str | None = None) -> dict[str, Any]:
    """Return a pod as the API server lists it."""
    annotations = {} if cost is None else {"annotations": {COST_ANNOTATION: cost}}
    return {"metadata": {"name": name, **annotations}, "status": {"podIP": address}}


def test_a_pod_costs_what_it_has_in_hand_and_only_news_is_written() -> None:
    """One whose annotation is right already, and one with nothing in hand and none, need no write; what is outdated does."""
    pods = [pod("a", "10.0.0.1"), pod("b", "10.0.0.2", "40"), pod("c", "10.0.0.3"), pod("d", "10.0.0.4", "9")]
    assert costs(pods, {"10.0.0.1": 12, "10.0.0.2": 40}) == {"a": "12", "d": "0"}


def test_a_pod_without_an_address_has_nothing_in_hand() -> None:
    """One that has not started yet may go first."""
    assert costs([{"metadata": {"name": "new"}}], {"10.0.0.1": 12}) == {}
