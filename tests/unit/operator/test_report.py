"""The status, composed: pure, and equal when nothing worth telling changed."""

from datetime import UTC, datetime, timedelta

import msgspec

from caixa_operator.autoscaler.scaler import Scaled
from caixa_operator.manifest import Ref
from caixa_operator.reconcile import report
from caixa_operator.reconcile.assess import assess
from caixa_operator.reconcile.claims import TYPES, claim
from caixa_operator.reconcile.plan import decide
from caixa_operator.spec.status import Status
from tests.unit.operator.boxes import NOW, applied, cashbox, family

BOX = cashbox(gateway={"expose": {"type": "LoadBalancer"}})
WANTED = family(BOX)
LIVE = applied(WANTED)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SCALED = Scaled(claims=(claim("ScalingActive", holds=True, reason="Scaling", message="m"),), consumers="1/1", backlog=0)


def made(previous: Status, *, now: datetime = NOON, scaled: Scaled = SCALED) -> Status:
    """Compose the status of a platform that serves."""
    assessment = assess(BOX, decide(WANTED, LIVE), LIVE, [], served_before=True, now=NOW)
    return report.status(BOX, assessment, scaled, previous, version="1.2.3", endpoints=report.endpoints(BOX, LIVE), now=now)


def test_nothing_new_an_hour_later_is_the_same_status() -> None:
    """Times move only with their condition, so an unchanged CashBox is not written."""
    first = made(Status())
    assert made(first, now=NOON + timedelta(hours=1)) == first
    assert (first.observed_generation, first.version, first.summary) == (3, "1.2.3", "Serving")


def test_a_condition_s_time_moves_with_its_status_alone() -> None:
    """Another reason is told at once, but as the same state since the same time."""
    first = made(Status())
    limited = Scaled(claims=(claim("ScalingActive", holds=True, reason="Other", message="m"),))
    same = {one.type: one for one in made(first, now=NOON + timedelta(hours=1), scaled=limited).conditions}
    assert (same["ScalingActive"].reason, same["ScalingActive"].last_transition_time) == ("Other", "2026-01-01T12:00:00Z")
    ended = Scaled(claims=(claim("ScalingActive", holds=False, reason="Fixed", message="m"),))
    moved = {one.type: one for one in made(first, now=NOON + timedelta(hours=1), scaled=ended).conditions}
    assert moved["ScalingActive"].last_transition_time == "2026-01-01T13:00:00Z"


def test_conditions_come_in_their_order_and_each_once() -> None:
    """`kubectl describe` shows the most pressing first."""
    kinds = [one.type for one in made(Status()).conditions]
    assert kinds == [kind for kind in TYPES if kind in kinds]


def test_what_was_written_is_read_again_and_what_cannot_be_read_counts_as_none() -> None:
    """A status of another operator's making stops nothing."""
    status = made(Status())
    assert report.read({"status": msgspec.to_builtins(status)}) == status
    assert report.read({"status": {"conditions": "none"}}) == report.read({}) == Status()


def test_endpoints_say_where_and_with_whose_credentials() -> None:
    """A port of the nodes and a load balancer's address, once there is one."""
    service = Ref("Service", "loja-gateway")
    there = {**LIVE[service], "spec": {"ports": [{"nodePort": 30080}]}, "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}}
    ends = report.endpoints(BOX, {**LIVE, service: there})
    assert (ends.node_port, ends.load_balancer, ends.admin_secret) == (30080, "192.0.2.7", "loja-admin")
    assert ends.gateway == "http://loja-gateway.caixa.svc:8080"
    assert report.endpoints(BOX, {}).node_port is None
