"""What the autoscaler promises, measured on a cluster: quick up, gentle down, zero and back, careful when blind, no fight with another."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest

from caixa_comum import topology
from caixa_operator.resources.credentials import user_key
from tests.cluster.installation import NAMESPACE, Installation
from tests.cluster.shop import answers, at_rate, opened
from tests.demo.demo_cashbox import condition, decoded
from tests.demo.demo_install import OPERATOR_NAMESPACE
from tests.kubernetes.waiting import until

CONSUMERS = "saldo-consumer"
BURST = 900
UP_SECONDS = 15.0
"""The promise. Half of it is the broker's: it counts its queues every 5 s, and a calm operator looks every 8 s."""
RATE = 20.0
SPARSE = {"drainSeconds": 5, "assumedRatePerReplica": 20, "targetUtilization": 80}
"""Few events need many consumers, so that two slow cores can bring a backlog about."""
AT_ONCE = {"scaleDown": {"stabilizationSeconds": 5, "maxPercent": 100}}


@pytest.fixture(scope="module")
def scaled(platform: Installation) -> Iterator[Installation]:
    """Leave the platform scaling as by default."""
    platform.ready()
    yield platform
    platform.patch({"saldo": {"consumer": {"replicas": None, "autoscaling": None}}})
    platform.ready()


def scaling(platform: Installation, **autoscaling: Any) -> None:  # Any: the field's own JSON
    """Scale by these figures, and by defaults in all others."""
    spec = {"mode": "Operator", "maxReplicas": 3, **AT_ONCE, **autoscaling}
    platform.patch({"saldo": {"consumer": {"replicas": None, "autoscaling": None}}})
    platform.patch({"saldo": {"consumer": {"autoscaling": spec}}})


def claimed(platform: Installation) -> tuple[str, str]:
    """Return the status and the reason of ScalingActive."""
    found = condition(platform.cashbox(), "ScalingActive")
    return found["status"], found["reason"]


def seconds_until(platform: Installation, replicas: int, *, within: float) -> float:
    """Wait until at least so many consumers are wanted (none: exactly none), and return how long that took."""
    began = time.monotonic()
    what = f"{replicas} consumers are wanted"
    until(what, lambda: platform.replicas(CONSUMERS) >= replicas > 0 or platform.replicas(CONSUMERS) == replicas, seconds=within)
    return time.monotonic() - began


async def test_a_burst_brings_enough_consumers_in_time_and_silence_takes_all_away(scaled: Installation) -> None:
    """From none to all that the burst needs within 15 s of its commit; none again once idle; and back for one single entry."""
    scaling(scaled, minReplicas=0, idleSeconds=10, **SPARSE)
    await asyncio.to_thread(seconds_until, scaled, 0, within=120)
    async with opened(scaled.gateway, scaled.admin) as shop:
        merchant = await shop.register("Sorveteria")
        await shop.token(merchant.credentials)
        began = time.monotonic()
        await shop.post_together(merchant, BURST)
        committed = time.monotonic() - began
        up = await asyncio.to_thread(seconds_until, scaled, 3, within=UP_SECONDS)
        await shop.caught_up([merchant], seconds=60)
        idle = await asyncio.to_thread(seconds_until, scaled, 0, within=120)
        await asyncio.to_thread(until, "no consumer runs", lambda: not scaled.pods(CONSUMERS), seconds=60)
        await shop.post(merchant, 4_200)
        again = await asyncio.to_thread(seconds_until, scaled, 1, within=UP_SECONDS)
        applied = await shop.caught_up([merchant], seconds=60)
    print(f"burst recorded in {committed:.1f} s, 3 consumers wanted {up:.1f} s later; none {idle:.1f} s after it was applied;")
    print(f"for one entry the first consumer was wanted after {again:.1f} s, and its balance exact {applied:.1f} s later")
    events = scaled.kubectl.items("events", f"--namespace={NAMESPACE}", f"--field-selector=involvedObject.name={scaled.name},reason=Scaled")
    said = [event["message"] for event in events]
    assert any(message.startswith("0 → 3 consumers:") and "work has come" in message for message in said), said
    assert any("→ 0 consumers: nothing ready, unacknowledged or arriving for 10 s" in message for message in said), said


async def test_scaling_in_under_load_ends_no_event_in_hand(scaled: Installation) -> None:
    """While entries flow three consumers become one, and the broker delivers nothing a second time."""
    scaling(scaled, minReplicas=3)
    until("three consumers run", lambda: _ready(scaled) == 3, seconds=90)
    async with opened(scaled.gateway, scaled.admin) as shop:
        merchant, stop = await shop.register("Verdureiro"), asyncio.Event()
        await asyncio.sleep(6)  # the broker's figures are up to 5 s old
        before = await redelivered(scaled)
        load = asyncio.create_task(at_rate(shop, [merchant], RATE, stop))
        await asyncio.sleep(5)
        scaling(scaled, minReplicas=1)
        await asyncio.to_thread(until, "one consumer is left", lambda: len(scaled.pods(CONSUMERS)) == 1, seconds=120)
        await asyncio.to_thread(until, "the others have ended", lambda: _running(scaled) == 1, seconds=60)
        stop.set()
        await load
        assert answers(shop.posts) == {201: len(shop.posts)}
        await shop.caught_up([merchant], seconds=60)
        await asyncio.sleep(6)
        assert await redelivered(scaled) == before


def test_blind_it_holds_and_then_falls_back(scaled: Installation) -> None:
    """Without the management API the number stays, and from the third failure on it is the fallback's; then it follows the queue again."""
    scaling(scaled, minReplicas=1, fallback={"replicas": 2})
    until("one consumer runs, and the queue is read", lambda: _ready(scaled) == 1 and claimed(scaled)[1] == "Scaling", seconds=120)
    seen: list[tuple[str, int]] = []

    def fallen_back() -> bool:
        now = (claimed(scaled)[1], scaled.replicas(CONSUMERS))
        if now not in seen:
            seen.append(now)
        return now == ("Fallback", 2)

    with management_shut(scaled):
        until("the fallback", fallen_back, seconds=60, pause=0.5)
        assert claimed(scaled)[0] == "False"
    assert ("QueueUnreadable", 1) in seen, seen
    until("it follows the queue again", lambda: claimed(scaled) == ("True", "Scaling"), seconds=60, pause=0.5)
    until("one consumer is wanted again", lambda: scaled.replicas(CONSUMERS) == 1, seconds=60, pause=0.5)


def test_it_lets_go_of_what_another_autoscaler_owns(scaled: Installation) -> None:
    """With an HPA on the consumers the operator says so and changes no number; without it, it scales again."""
    scaling(scaled, minReplicas=1)
    until("one consumer is wanted", lambda: scaled.replicas(CONSUMERS) == 1 and claimed(scaled)[1] == "Scaling", seconds=120)
    name = f"{scaled.name}-{CONSUMERS}"
    scaled.kubectl("autoscale", "deployment", name, "--name=others", "--min=1", "--max=3", "--cpu=80%")
    try:
        scaled.patch({"saldo": {"consumer": {"autoscaling": {"maxReplicas": 4}}}})  # else it looks at its next resync
        until("it lets go", lambda: claimed(scaled) == ("False", "ConflictingAutoscaler"), seconds=60, pause=0.5)
        scaled.scale(CONSUMERS, 3)
        time.sleep(20)
        assert scaled.replicas(CONSUMERS) == 3
    finally:
        scaled.kubectl("delete", "horizontalpodautoscaler", "others")
    scaled.patch({"saldo": {"consumer": {"autoscaling": {"maxReplicas": 3}}}})
    until("it scales again", lambda: scaled.replicas(CONSUMERS) == 1, seconds=90, pause=0.5)


async def redelivered(platform: Installation) -> int:
    """Return how often the broker has delivered an event of the queue again."""
    address = platform.pods("rabbitmq")[0]["status"]["podIP"]
    values = decoded(platform.kubectl.get("secret", f"{platform.name}-rabbitmq-users"))
    user, password = values[user_key("operator")], values["operator"]  # a rotation gives the role another user
    url = f"http://{address}:15672/api/queues/{topology.VHOST}/{topology.QUEUE}"
    headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
    async with aiohttp.ClientSession(trust_env=False) as session, session.get(url, headers=headers) as answer:
        answer.raise_for_status()
        found = await answer.json()
    return int(found.get("message_stats", {}).get("redeliver", 0))


@contextmanager
def management_shut(platform: Installation) -> Iterator[None]:
    """Let the operator go everywhere but to RabbitMQ's management port. The policies on RabbitMQ itself are the operator's to repair."""
    policy = {"name": "blind", "namespace": OPERATOR_NAMESPACE}
    everywhere_else = [{"protocol": "UDP"}, {"port": 1, "endPort": 15671}, {"port": 15673, "endPort": 65535}]
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"ports": everywhere_else}]}
    platform.kubectl.apply([{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": policy, "spec": spec}])
    try:
        yield
    finally:
        platform.kubectl("delete", "networkpolicy", "blind", f"--namespace={OPERATOR_NAMESPACE}")


def _ready(platform: Installation) -> int:
    return int(platform.kubectl.get("deployment", f"{platform.name}-{CONSUMERS}")["status"].get("readyReplicas", 0))


def _running(platform: Installation) -> int:
    """Count the consumers' pods, those on their way out as well."""
    chosen = f"--selector=caixa.dev/cashbox={platform.name},app.kubernetes.io/component={CONSUMERS}"
    return len(platform.kubectl.items("pods", chosen))
