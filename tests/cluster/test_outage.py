"""The promise of the outbox: entries are accepted while the broker and the balances are away, and nothing is lost."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from tests.cluster import ledger
from tests.cluster.installation import Installation
from tests.cluster.shop import answers, at_rate, opened
from tests.kubernetes.waiting import until

RATE = 50.0
AWAY_SECONDS = 60.0
CAUGHT_UP_SECONDS = 60.0


@pytest.fixture
def untended(platform: Installation) -> Iterator[Installation]:
    """Have the operator keep its hands off, else it would end the outage at once; afterwards it puts everything back."""
    platform.patch({"paused": True})
    until("the operator pauses", lambda: _paused(platform), seconds=60)
    yield platform
    platform.patch({"paused": False})
    platform.ready()


async def test_every_entry_is_accepted_without_broker_and_consumers_and_counted_after(untended: Installation) -> None:
    """At 50 entries a second every first answer is 201 through a minute without RabbitMQ and consumers; soon after, balances are exact."""
    installation = untended
    async with opened(installation.gateway, installation.admin) as shop:
        merchants = [await shop.register(f"Loja {number}") for number in range(3)]
        stop = asyncio.Event()
        load = asyncio.create_task(at_rate(shop, merchants, RATE, stop))
        await asyncio.to_thread(_take_away, installation)
        sent_before = len(shop.posts)
        await asyncio.sleep(AWAY_SECONDS)
        sent_without = len(shop.posts) - sent_before
        assert not installation.pods("rabbitmq")
        await asyncio.to_thread(_bring_back, installation)
        back = time.monotonic()
        stop.set()
        await load
        assert sent_without > RATE * AWAY_SECONDS / 2
        assert answers(shop.posts) == {201: len(shop.posts)}
        took = await shop.caught_up(merchants, seconds=back + CAUGHT_UP_SECONDS - time.monotonic())
        print(f"{len(shop.posts)} entries, {sent_without} of them without broker; balances exact {took:.1f} s after its return")
    assert ledger.entries(installation.kubectl, installation.name) == ledger.balances(installation.kubectl, installation.name)


def _take_away(installation: Installation) -> None:
    installation.scale("saldo-consumer", 0)
    installation.scale("rabbitmq", 0, kind="statefulset")
    installation.kubectl("delete", "pod", f"{installation.name}-rabbitmq-0", "--grace-period=0", "--force", "--ignore-not-found")
    until(
        "broker and consumers are gone", lambda: not installation.pods("rabbitmq") and not installation.pods("saldo-consumer"), seconds=60
    )


def _bring_back(installation: Installation) -> None:
    installation.scale("rabbitmq", 1, kind="statefulset")
    installation.kubectl("rollout", "status", f"statefulset/{installation.name}-rabbitmq", "--timeout=180s")
    installation.scale("saldo-consumer", 1)


def _paused(installation: Installation) -> bool:
    conditions = installation.cashbox().get("status", {}).get("conditions", [])
    return any(found["type"] == "ReconciliationPaused" and found["status"] == "True" for found in conditions)
