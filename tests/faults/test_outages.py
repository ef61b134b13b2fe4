"""Broker and database killed (SIGKILL) and started again under running processes, which nobody restarts."""

import asyncio
from uuid import uuid4

from tests.faults.invariants import applied, broken, settle, until_applied, until_passed_on, waiting
from tests.faults.services import Platform
from tests.integration.saldo.entries import entry


async def test_a_killed_broker_costs_no_entry_and_no_restart(platform: Platform) -> None:
    """Entries are recorded throughout; while the broker is away they wait in the outbox, and then the same processes pass them on."""
    merchant = uuid4()
    entries = [entry(merchant, valor) for valor in range(1, 1501)]
    relay, consumer = platform.relay(batch=20), platform.consumer(prefetch=100, batch=20)
    await asyncio.gather(relay.until_ready(), consumer.until_ready())
    await platform.put(entries[:1000])
    await until_applied(platform, 20)
    platform.broker.kill()
    assert await applied(platform) < 1000
    await platform.put(entries[1000:])
    assert await waiting(platform) >= 500
    await asyncio.to_thread(platform.broker.start)
    await until_applied(platform, 1500)
    await asyncio.gather(relay.until_ready(), consumer.until_ready())
    await settle(platform, 1500)
    assert await broken(platform, entries) == {}


async def test_a_killed_database_costs_no_entry_and_no_restart(platform: Platform) -> None:
    """Relay and consumer lose their transactions in the middle, wait, and go on where the last commit left off."""
    merchant = uuid4()
    entries = [entry(merchant, valor) for valor in range(1, 2201)]
    relay, consumer = platform.relay(batch=20), platform.consumer(prefetch=100, batch=20)
    await asyncio.gather(relay.until_ready(), consumer.until_ready())
    await platform.put(entries[:2000])
    await until_applied(platform, 20)
    platform.database.kill()
    await asyncio.to_thread(platform.database.start)
    assert await applied(platform) >= 20
    assert await waiting(platform) > 0
    await platform.put(entries[2000:])
    await until_passed_on(platform)
    await until_applied(platform, 2200)
    await asyncio.gather(relay.until_ready(), consumer.until_ready())
    await settle(platform, 2200)
    assert await broken(platform, entries) == {}
