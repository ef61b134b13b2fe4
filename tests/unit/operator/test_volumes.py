"""Volumes that grow: which, by how much, and what is said of them meanwhile."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from caixa_operator.manifest import Manifest, Ref
from caixa_operator.quantities import amount
from caixa_operator.reconcile.plan import decide
from caixa_operator.reconcile.volumes import Growth, growing, growths, infeasible, wanted_sizes, with_live_templates
from tests.unit.operator.boxes import applied, cashbox, family

SIZES = st.sampled_from(["1Gi", "1024Mi", "10Gi", "10G", "20Gi", "1Ti"])


def claim(size: str, *, has: str | None = None, phase: str = "Bound", **status: object) -> Manifest:
    """Return a claim that asks for `size` and has a volume of `has`."""
    return {
        "spec": {"resources": {"requests": {"storage": size}}},
        "status": {"phase": phase, "capacity": {"storage": has or size}, **status},
    }


def test_every_claim_of_the_cashbox_is_known_by_its_name() -> None:
    """One of MySQL, one of each node of RabbitMQ, one of the copies; none of a store that somebody else runs."""
    box = cashbox(mysql={"storage": {"size": "5Gi"}, "backup": {"storage": {"size": "7Gi"}}}, rabbitmq={"replicas": 3})
    brokers = {f"data-loja-rabbitmq-{number}": "10Gi" for number in range(3)}
    assert wanted_sizes(box) == {"data-loja-mysql-0": "5Gi", **brokers, "loja-backup": "7Gi"}
    external = {"mode": "External", "external": {"secret": "theirs"}}
    assert wanted_sizes(cashbox(mysql=external, rabbitmq=external)) == {}


@given(asked=SIZES, wanted=SIZES)
def test_a_claim_grows_exactly_where_more_is_wanted(asked: str, wanted: str) -> None:
    """Never smaller, and never for another way of writing the same size."""
    box = cashbox(mysql={"storage": {"size": wanted}})
    found = growths(box, {Ref("PersistentVolumeClaim", "data-loja-mysql-0"): claim(asked)})
    assert found == ((Growth("data-loja-mysql-0", wanted),) if amount(wanted) > amount(asked) else ())


def test_a_claim_without_a_volume_is_left_until_it_has_one() -> None:
    """The API server refuses to change it, and nobody need be told."""
    box = cashbox(mysql={"storage": {"size": "20Gi"}})
    live = {Ref("PersistentVolumeClaim", "data-loja-mysql-0"): claim("10Gi", phase="Pending")}
    assert (growths(box, live), growing(box, live), infeasible(box, live)) == ((), [], [])


def test_a_claim_that_is_being_resized_says_how_far_it_is() -> None:
    """From what to what, and whether it waits for the node."""
    box, name = cashbox(mysql={"storage": {"size": "20Gi"}}), Ref("PersistentVolumeClaim", "data-loja-mysql-0")
    assert growing(box, {name: claim("20Gi", has="10Gi")}) == ["claim data-loja-mysql-0 grows from 10Gi to 20Gi"]
    waits = [{"type": "FileSystemResizePending", "status": "True"}]
    assert "pod's next start" in growing(box, {name: claim("20Gi", has="10Gi", conditions=waits)})[0]
    assert growing(box, {name: claim("20Gi")}) == []


def test_a_size_that_the_storage_cannot_give_is_told_in_its_own_words() -> None:
    """A driver that gives up is trouble, and not something to wait for."""
    box, name = cashbox(mysql={"storage": {"size": "20Gi"}}), Ref("PersistentVolumeClaim", "data-loja-mysql-0")
    failed: dict[str, Any] = {  # Any: a status is free-form JSON
        "allocatedResourceStatuses": {"storage": "ControllerResizeInfeasible"},
        "conditions": [{"message": "pool is full"}],
    }
    live = {name: claim("20Gi", has="10Gi", **failed)}
    assert growing(box, live) == []
    assert "claim data-loja-mysql-0 was not grown: pool is full" in infeasible(box, live)[0]


def test_a_stateful_set_keeps_the_template_that_it_was_made_with() -> None:
    """The API server refuses another one: a larger size changes claims, and writes nothing to the StatefulSet."""
    small, large = (cashbox(rabbitmq={"storage": {"size": size}}) for size in ("10Gi", "20Gi"))
    live = applied(family(small))
    assert decide(with_live_templates(family(large), live), live).writes == 0
    assert decide(family(large), live).writes == 1
