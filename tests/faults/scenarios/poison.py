"""Messages that can never be applied, or not yet, each in the middle of a batch."""

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

from caixa_comum.dominio import MAIOR_VALOR
from caixa_comum.events import LancamentoRegistrado
from tests.faults.invariants import broken, settle
from tests.faults.outcome import Outcome, unfounded
from tests.faults.services import STOP_SECONDS, Platform, some_entries
from tests.integration.saldo.entries import DIA, Stored, body_of, count, entry, publish
from tests.local.waiting import eventually

BATCH = 200
PLACE = 77
LARGEST_TOTAL = 2**63 - 1
MENDED_TOTAL = 1
FULL_DAY = "INSERT INTO saldo_diario VALUES (%s, 'BRL', %s, %s, 0, 1, UTC_TIMESTAMP(6))"
MEND = "UPDATE saldo_diario SET total_creditos = %s WHERE total_creditos = %s"


async def unreadable(platform: Platform, batches: int) -> Outcome:
    """Put an unreadable message among 199 entries: it alone is set apart; nobody can mend it, so a replay leaves it there."""
    ids = [uuid4() for _ in range(batches)]
    entries, counted = await _batches(platform, batches, lambda number: (ids[number], b'{"specversion": "1.0", '))
    replayed = await _replay(platform)
    left = await asyncio.to_thread(count, platform.database, "quarentena")
    seen = {"entries": len(entries), "quarantined": batches, "in quarantine after replay": left}
    return Outcome(seen, await broken(platform, entries, quarantined=ids) | unfounded(counted | {"the replay ended in order": replayed}))


async def refused_by_the_database(platform: Platform, batches: int) -> Outcome:
    """Put an entry that overflows its day among 199: it alone is set apart; once there is room, `caixa-saldo replay` adds it, once."""
    overflowing = [entry(uuid4(), MAIOR_VALOR) for _ in range(batches)]
    for one in overflowing:
        platform.database.query(FULL_DAY, one.comerciante_id.bytes, DIA, LARGEST_TOTAL, schema="caixa_saldo")
    days = [(one.comerciante_id, "BRL", DIA) for one in overflowing]
    entries, counted = await _batches(platform, batches, lambda number: (overflowing[number].id, body_of(overflowing[number])))
    full = dict.fromkeys(days, Stored(LARGEST_TOTAL, 0, 1))
    first = await broken(platform, entries, before=full, quarantined=[one.id for one in overflowing])
    platform.database.query(MEND, MENDED_TOTAL, LARGEST_TOTAL, schema="caixa_saldo")
    replayed = await _replay(platform)
    left = await asyncio.to_thread(count, platform.database, "quarentena")
    claims = counted | {"all but the overflowing held before the replay": not first, "the replay ended in order": replayed}
    after = await broken(platform, [*entries, *overflowing], before=dict.fromkeys(days, Stored(MENDED_TOTAL, 0, 1)))
    seen = {"entries": len(entries) + batches, "quarantined": batches, "in quarantine after replay": left}
    return Outcome(seen, after | unfounded(claims))


async def _batches(
    platform: Platform, batches: int, poison: Callable[[int], tuple[UUID, bytes]]
) -> tuple[list[LancamentoRegistrado], dict[str, bool]]:
    """Publish batches of 199 entries with a poison among them, and consume each as one; give the entries, and what must be so."""
    entries: list[LancamentoRegistrado] = []
    consumer = platform.consumer(prefetch=BATCH, batch=BATCH, batch_window_seconds=5)
    await consumer.until_ready()
    for number in range(batches):
        some = some_entries(BATCH - 1)
        entries += some
        messages = [(str(lancamento.id), body_of(lancamento)) for lancamento in some]
        poison_id, body = poison(number)
        messages.insert(PLACE, (str(poison_id), body))
        consumer.process.pause()  # however slowly they are published, it finds all of them at once
        try:
            await publish(platform.broker, messages)
        finally:
            consumer.process.resume()

        async def quarantined(goal: int = number + 1) -> bool:
            return await consumer.metric("caixa_saldo_quarantined_total") >= goal

        await eventually("a message is in quarantine", quarantined)
        platform.say(f"{number + 1} of {batches} batches")
    sizes = await consumer.metric("caixa_saldo_batch_size_count"), await consumer.metric("caixa_saldo_batch_size_sum")
    await settle(platform, len(entries))
    return entries, {"each poison shared a batch of 200": sizes == (batches, BATCH * batches)}


async def _replay(platform: Platform) -> bool:
    """Run `caixa-saldo replay` to its end; tell whether that was in order."""
    return await asyncio.to_thread(platform.replay().process.wait, STOP_SECONDS) == 0
