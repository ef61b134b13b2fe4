"""What stays in the outbox until it can leave: unroutable events, and rows that become visible late."""

import asyncio
import time
from uuid import uuid4

from tests.faults.invariants import applied, broken, settle, until_applied, until_passed_on, waiting
from tests.faults.routing import bind, unbind
from tests.faults.services import INSERT, Platform, row_of
from tests.integration.saldo.entries import entry
from tests.local.mariadb import connected
from tests.local.waiting import eventually

HELD_SECONDS = 5.0


async def test_events_that_no_queue_takes_stay_until_the_binding_is_back(platform: Platform) -> None:
    """With the binding deleted every row is returned and kept; put back, all arrive without anybody's help."""
    merchant = uuid4()
    entries = [entry(merchant, valor) for valor in range(1, 101)]
    relay, consumer = platform.relay(), platform.consumer()
    await asyncio.gather(relay.until_ready(), consumer.until_ready())
    unbind(platform.broker)
    await platform.put(entries)

    async def returned_twice() -> bool:
        return await relay.metric("caixa_outbox_confirm_failures_total", reason="returned") >= 200

    await eventually("the broker has returned every event twice", returned_twice)
    assert await waiting(platform) == 100
    assert await applied(platform) == 0
    bind(platform.broker)
    await settle(platform, 100)
    assert await broken(platform, entries) == {}


async def test_a_row_whose_transaction_commits_late_is_not_passed_over(platform: Platform) -> None:
    """A row with a lower id is committed 5 s after its followers have gone; it is relayed then, so no last id is remembered."""
    merchant = uuid4()
    late, *others = [entry(merchant, valor) for valor in range(1, 52)]
    relay, consumer = platform.relay(), platform.consumer()
    await asyncio.gather(relay.until_ready(), consumer.until_ready())
    database = platform.database
    with connected(database.port, database.address.passwords["fluxo"], user="fluxo", schema="caixa_fluxo") as slow:
        slow.begin()
        began = time.monotonic()
        with slow.cursor() as cursor:
            cursor.execute(INSERT, row_of(late))
            low = cursor.lastrowid
        assert await platform.put(others) > low
        await until_passed_on(platform)
        await until_applied(platform, 50)
        await asyncio.sleep(max(0.0, HELD_SECONDS - (time.monotonic() - began)))
        assert await applied(platform) == 50
        slow.commit()
    await until_applied(platform, 51)
    await settle(platform, 51)
    assert await broken(platform, [late, *others]) == {}
