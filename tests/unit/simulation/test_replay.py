"""The simulator, by hand-made loads whose outcome can be reckoned."""

from xml.etree import ElementTree as ET

import pytest

from caixa_operator.autoscaler.reading import Consumers, Reading
from tests.simulation.__main__ import table
from tests.simulation.hpa import HorizontalPodAutoscaler, waiting_and_held
from tests.simulation.keda import COOLDOWN_SECONDS, Keda, waiting
from tests.simulation.platform_model import RATE, START_SECONDS, Platform
from tests.simulation.plot import drawn
from tests.simulation.replay import POLICIES, Course, Row, replay
from tests.simulation.traces import TRACES, Trace


def look(ready: int, unacked: int = 0, arriving: float = 0.0) -> Reading:
    """Return what a broker says."""
    return Reading(ready=ready, unacked=unacked, arrival_rate=arriving, ack_rate=0.0)


def pods(count: int) -> Consumers:
    """Return consumers that are all ready."""
    return Consumers(wanted=count, ready=count)


def test_events_are_kept_and_a_new_pod_works_only_once_it_has_started() -> None:
    """What arrives is either applied or waits, and a pod that starts applies nothing."""
    platform = Platform(1)
    platform.scale(3)
    for _ in range(START_SECONDS - 1):
        platform.tick(3 * RATE)
    assert platform.backlog == 2 * RATE * (START_SECONDS - 1)
    platform.tick(3 * RATE)
    assert (platform.ready, platform.backlog) == (3, 2 * RATE * (START_SECONDS - 1))
    reading, consumers = platform.seen()
    assert reading.ready + reading.unacked >= platform.backlog
    assert consumers == pods(3)


def test_the_hpa_goes_up_by_the_larger_of_double_and_four_and_down_after_five_minutes() -> None:
    """The documented default behaviour: 1 to 5 at first, nothing within the tolerance, down to the window's largest."""
    hpa = HorizontalPodAutoscaler(((waiting_and_held, 100.0),), least=1, most=20)
    assert hpa.wanted(look(5000), pods(1), 15) == 5
    assert hpa.wanted(look(5000), pods(5), 16) == 5, "between two syncs nothing moves"
    assert hpa.wanted(look(5000), pods(5), 30) == 10
    assert hpa.wanted(look(1050), pods(10), 45) == 10, "within the tolerance of 10 %"
    assert hpa.wanted(look(0), pods(10), 60) == 10
    assert hpa.wanted(look(0), pods(10), 345) == 10
    assert hpa.wanted(look(0), pods(10), 360) == 1
    assert hpa.wanted(look(5000), pods(0), 375) == 0, "a target without pods is left alone"


def test_keda_wakes_by_its_polls_and_sleeps_after_its_cooldown() -> None:
    """Zero to one at a poll, not between two; back to zero only cooldownPeriod after the last active poll."""
    keda = Keda(((waiting, 20.0),), least=0, most=20)
    assert keda.wanted(look(500), pods(0), 29) == 0
    assert keda.wanted(look(500), pods(0), 30) == 1
    assert keda.wanted(look(0), pods(1), COOLDOWN_SECONDS) == 1
    assert keda.wanted(look(0), pods(1), 30 + COOLDOWN_SECONDS) == 0


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_stays_within_its_bounds_on_every_load(policy: str) -> None:
    """Between the least and the most, and everything that arrived is applied at the end of a load that ends in calm."""
    for trace in TRACES:
        course = replay(trace, POLICIES[policy](trace.least))
        assert all(trace.least <= count <= 20 for count in course.pods)
        assert len(course.backlog) == trace.seconds


@pytest.mark.parametrize("rate", [10.0, 70.0, 230.0, 555.0])
def test_our_policy_settles_on_a_steady_load_and_never_flaps(rate: float) -> None:
    """With the pods that it asked for really running, the number moves within the first minutes and never again."""
    course = replay(Trace("steady", 1800, lambda _: rate), POLICIES["caixa"](1))
    assert len(set(course.pods[900:])) == 1
    assert course.backlog[-1] == 0
    assert course.pods[-1] * RATE > rate


def test_our_policy_drains_a_step_sooner_and_with_less_waiting_than_the_others() -> None:
    """The reason to have a policy of our own, on the load that autoscalers find hardest."""
    step = TRACES[0]
    ours, *others = (replay(step, make(step.least)) for make in POLICIES.values())
    assert all(max(ours.backlog) < max(other.backlog) for other in others)
    assert all(ours.drain_seconds < other.drain_seconds for other in others)


def test_the_picture_and_the_table_show_every_policy() -> None:
    """Each policy has its two lines, and each row its figures."""
    picture = drawn({"step": {policy: Course([0.0, 5.0], [1, 2]) for policy in POLICIES}})
    lines = [one for one in ET.fromstring(picture).iter() if one.tag.endswith("polyline")]  # noqa: S314 - our own
    assert len(lines) == 2 * len(POLICIES)
    assert table([Row("step", "caixa", 1234, 56, 7890)]).splitlines()[1].split() == ["step", "caixa", "1,234", "56", "s", "7,890"]
