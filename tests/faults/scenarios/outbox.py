"""What stays in the outbox until it can leave, rows that become visible late, and writers beside a relay that waits."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import uuid4

from caixa_comum.events import LancamentoRegistrado
from tests.faults.invariants import applied, broken, drain, settle, until_applied, waiting
from tests.faults.lost_acknowledgements import LostAcknowledgements
from tests.faults.outcome import Outcome, unfounded
from tests.faults.relaying import CursorRelay, fluxo_engine, publisher, relay_of, relaying
from tests.faults.routing import bind, unbind
from tests.faults.services import INSERT, Platform, row_of, some_entries
from tests.integration.saldo.entries import entry
from tests.integration.saldo.running import consumer
from tests.local.mariadb import connected
from tests.local.waiting import eventually

EVENTS = 100
HELD_SECONDS = 5.0
BLOCKED_SECONDS = 5.0
"""A writer that has not committed after so long waits for the relay: alone it takes milliseconds."""


async def binding_deleted(platform: Platform, times: int) -> Outcome:
    """Delete the binding: every event is returned and kept; put back, all arrive without anybody's help."""
    entries: list[LancamentoRegistrado] = []
    relay, consuming = platform.relay(), platform.consumer()
    await asyncio.gather(relay.until_ready(), consuming.until_ready())
    kept = returned = 0.0

    async def returned_twice() -> bool:
        return await relay.metric("caixa_outbox_confirm_failures_total", reason="returned") >= returned + 2 * EVENTS

    for number in range(1, times + 1):
        unbind(platform.broker)
        some = some_entries(EVENTS)
        entries += some
        await platform.put(some)
        await eventually("the broker has returned every event twice", returned_twice)
        kept += await waiting(platform)
        assert await applied(platform) == len(entries) - EVENTS, "something arrived without a way"
        bind(platform.broker)
        await until_applied(platform, len(entries))
        returned = await relay.metric("caixa_outbox_confirm_failures_total", reason="returned")
        platform.say(f"{number} of {times}, {returned:,.0f} events returned")
    await settle(platform, len(entries))
    claims = {"every returned event stayed in the outbox": kept == EVENTS * times}
    seen = {"events": len(entries), "returned": int(returned), "applied": await applied(platform)}
    return Outcome(seen, await broken(platform, entries) | unfounded(claims))


@asynccontextmanager
async def relay_process(platform: Platform) -> AsyncIterator[None]:
    """Run the product's relay as its process until the block ends."""
    relay = platform.relay()
    await relay.until_ready()
    yield
    await relay.end()


@asynccontextmanager
async def relay_with_a_cursor(platform: Platform) -> AsyncIterator[None]:
    """Run a relay that remembers the last id."""
    async with relaying(platform, CursorRelay):
        yield


async def late_commit(
    platform: Platform,
    times: int,
    *,
    held_seconds: float = HELD_SECONDS,
    relay: Callable[[Platform], AbstractAsyncContextManager[None]] = relay_process,
) -> Outcome:
    """Commit a row with a low id seconds after its followers have gone; it is relayed then, so no last id is remembered."""
    merchant = uuid4()
    entries: list[LancamentoRegistrado] = []
    database = platform.database
    late_applied = 0
    saldo = consumer(database.settings("saldo", "caixa_saldo"), platform.broker.settings("saldo"))
    async with relay(platform), saldo:
        for number in range(1, times + 1):
            late, *followers = [entry(merchant, valor) for valor in range(1, 52)]
            after = entry(merchant, 1000)
            before = await applied(platform)
            with connected(database.port, database.address.passwords["fluxo"], user="fluxo", schema="caixa_fluxo") as slow:
                slow.begin()
                began = time.monotonic()
                with slow.cursor() as cursor:
                    cursor.execute(INSERT, row_of(late))
                    low = cursor.lastrowid
                assert await platform.put(followers) > low, "the late row has the lower id"
                await until_applied(platform, before + len(followers))
                await asyncio.sleep(max(0.0, held_seconds - (time.monotonic() - began)))
                assert await applied(platform) == before + len(followers), "what is not committed cannot have been applied"
                slow.commit()
            await platform.put([after])  # the late row is taken with it or before it, if it is ever taken
            await _until_in_inbox(platform, after)
            late_applied += await applied(platform) - before - len(followers) - 1
            entries += [late, *followers, after]
            platform.say(f"{number} of {times} late rows")
    await drain(platform)
    seen = {"entries": len(entries), "late rows": times, "relayed late": late_applied}
    return Outcome(seen, await broken(platform, entries))


async def _until_in_inbox(platform: Platform, lancamento: LancamentoRegistrado) -> None:
    async def there() -> bool:
        statement = "SELECT COUNT(*) FROM inbox WHERE event_id = %s"
        rows = await asyncio.to_thread(platform.database.query, statement, lancamento.id.bytes, schema="caixa_saldo")
        return bool(rows[0][0])

    await eventually("the last entry is applied", there)


async def writers_beside_a_waiting_relay(platform: Platform, times: int, *, isolation: str | None = None) -> Outcome:
    """Have a relay wait for confirms that do not come, its rows locked; whoever records an entry meanwhile waits for nothing."""
    entries: list[LancamentoRegistrado] = []
    blocked, slowest = 0, 0.0
    async with fluxo_engine(platform, isolation) as engine:
        for number in range(1, times + 1):
            old, new = some_entries(20), some_entries(5)
            entries += old + new
            await platform.put(old)
            async with LostAcknowledgements(platform.broker.port) as link, publisher(platform.broker_through("fluxo", link.port)) as mute:
                moving = asyncio.create_task(relay_of(engine).move_batch(mute))

                async def published(link: LostAcknowledgements = link) -> bool:
                    return link.acknowledged == 20

                await eventually("the relay waits", published, pause=0.01)
                began = time.monotonic()
                writing = asyncio.create_task(platform.put(new))
                done, _ = await asyncio.wait({writing}, timeout=BLOCKED_SECONDS)
                assert not moving.done(), "the relay still waits"
                blocked += not done
                link.reset()
                await asyncio.gather(moving, writing)
                slowest = max(slowest, time.monotonic() - began)
            async with publisher(platform.broker.settings("fluxo")) as fine:
                await relay_of(engine).move_batch(fine)
            await drain(platform)
            platform.say(f"{number} of {times}")
    broke = await broken(platform, entries)
    if blocked:
        broke["writers"] = f"{blocked} waited for the relay, {slowest:.1f} s at most"
    return Outcome({"batches held": times, "writers that waited": blocked, "slowest write s": round(slowest, 2)}, broke)
