"""What must hold after any fault: no entry lost, none applied twice, nothing left on the way."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

import msgspec
from prometheus_client import REGISTRY

from caixa_comum.broker import connect
from caixa_comum.dominio import Tipo
from caixa_comum.events import LancamentoRegistrado
from caixa_comum.topology import PARKING, QUEUE
from tests.faults.services import Platform
from tests.integration.saldo.entries import Stored, count, stored
from tests.integration.saldo.running import consumer
from tests.local.broker import Broker
from tests.local.waiting import eventually

Balances = Mapping[tuple[UUID, str, date], Stored]
NOTHING: Balances = {}
PATIENCE_SECONDS = 180.0
"""How long a backlog may take on a busy machine."""


async def ready_messages(broker: Broker, queue: str = QUEUE) -> int:
    """Ask the queue itself, not the statistics, how many messages wait to be delivered."""
    return (await _declared(broker, queue))[0]


async def consumers(broker: Broker) -> int:
    """Ask the queue itself how many consumers it has."""
    return (await _declared(broker, QUEUE))[1]


async def _declared(broker: Broker, queue: str) -> tuple[int, int]:
    async with await connect(broker.settings("admin"), "test") as connection:
        channel = await (await connection.channel()).get_underlay_channel()
        declared = await channel.queue_declare(queue, passive=True)
    return declared.message_count or 0, declared.consumer_count or 0


async def waiting(platform: Platform) -> int:
    """Count the outbox's committed rows."""
    rows = await asyncio.to_thread(platform.database.query, "SELECT COUNT(*) FROM outbox", schema="caixa_fluxo")
    return int(rows[0][0])


async def applied(platform: Platform) -> int:
    """Count the events that the balances include."""
    return await asyncio.to_thread(count, platform.database, "inbox")


async def until_applied(platform: Platform, events: int) -> None:
    """Wait until the balances include so many events."""

    async def reached() -> bool:
        return await applied(platform) >= events

    await eventually(f"{events} events are applied", reached, seconds=PATIENCE_SECONDS, pause=0.02)


async def until_applied_more(platform: Platform, events: int) -> None:
    """Wait until the balances include so many more events than now."""
    await until_applied(platform, await applied(platform) + events)


async def until_ready_messages(broker: Broker, goal: int) -> None:
    """Wait until so many messages, or more, wait to be delivered; for 0, until none does."""

    async def reached() -> bool:
        found = await ready_messages(broker)
        return found >= goal if goal else found == 0

    await eventually(f"{goal} messages are ready", reached, seconds=PATIENCE_SECONDS)


async def until_passed_on(platform: Platform) -> None:
    """Wait until the outbox is empty."""

    async def empty() -> bool:
        return await waiting(platform) == 0

    await eventually("the outbox is empty", empty, seconds=PATIENCE_SECONDS)


async def settle(platform: Platform, events: int) -> None:
    """Wait until so many events are applied and nothing waits, then end every process that runs, each in order.

    What a consumer gave back when it ended (redeliveries, as a rule) is taken by another, so that no message is unacknowledged
    when the queue is looked at.
    """
    await until_passed_on(platform)
    await until_applied(platform, events)
    await until_ready_messages(platform.broker, 0)
    running = [service for service in platform.services if service.process.alive()]
    await asyncio.gather(*(service.until_ready() for service in running))  # one that only just began could not yet end in order
    await asyncio.gather(*(service.end() for service in running))
    await drain(platform)


class Drained(msgspec.Struct, frozen=True):
    """What draining the queue met: deliveries marked as repeated, and deliveries of events that were in the balances already."""

    redelivered: int
    duplicates: int


async def drain(platform: Platform) -> Drained:
    """Consume what is ready, with nothing in the way."""
    before = _counted()
    while await ready_messages(platform.broker):
        async with consumer(platform.database.settings("saldo", "caixa_saldo"), platform.broker.settings("saldo")):
            await until_ready_messages(platform.broker, 0)
    after = _counted()
    return Drained(after.redelivered - before.redelivered, after.duplicates - before.duplicates)


def _counted() -> Drained:
    """Read what consumers inside this process have counted so far."""
    names = ("caixa_saldo_redelivered_total", "caixa_saldo_duplicates_total")
    return Drained(*(int(REGISTRY.get_sample_value(name) or 0) for name in names))


async def broken(
    platform: Platform,
    lancamentos: Sequence[LancamentoRegistrado] = (),
    *,
    posted: Sequence[LancamentoRegistrado] = (),
    before: Balances = NOTHING,
    quarantined: Collection[UUID] = (),
) -> dict[str, str]:
    """Name the invariants that do not hold, each with what was found; to be asked when no process runs.

    accepted: fluxo has exactly the entries that were posted and answered 201; outbox, queue and parking are empty; inbox names
    exactly the entries, posted or put into the outbox; quarantine exactly what is said; balances are what was there before and
    the entries' sums, per merchant, currency and day, nothing else.
    """
    mysql, broker = platform.database, platform.broker
    assert await consumers(broker) == 0, "what a consumer holds is in no count"
    lancamentos = [*lancamentos, *posted]
    found = {
        "accepted": (_ids(platform, "caixa_fluxo.lancamento", "id"), frozenset(lancamento.id for lancamento in posted)),
        "outbox": (await waiting(platform), 0),
        "queue": (await ready_messages(broker), 0),
        "parking": (await ready_messages(broker, PARKING), 0),
        "quarantine": (_ids(platform, "caixa_saldo.quarentena"), frozenset(quarantined)),
        "inbox": (_ids(platform, "caixa_saldo.inbox"), frozenset(lancamento.id for lancamento in lancamentos)),
        "balances": (stored(mysql), sums(lancamentos, before)),
    }
    return {name: _difference(*pair) for name, pair in found.items() if pair[0] != pair[1]}


def sums(lancamentos: Sequence[LancamentoRegistrado], before: Balances = NOTHING) -> dict[tuple[UUID, str, date], Stored]:
    """Add up entries, one by one and without the product's own sums."""
    totals = dict(before)
    for lancamento in lancamentos:
        key = (lancamento.comerciante_id, lancamento.moeda, lancamento.data)
        so_far = totals.get(key, Stored(0, 0, 0))
        credito, debito = (lancamento.valor, 0) if lancamento.tipo is Tipo.CREDITO else (0, lancamento.valor)
        totals[key] = Stored(so_far.total_creditos + credito, so_far.total_debitos + debito, so_far.quantidade + 1)
    return totals


def _ids(platform: Platform, table: str, column: str = "event_id") -> frozenset[UUID | None]:
    rows = platform.database.query(f"SELECT {column} FROM {table}")  # noqa: S608 (literals above)
    return frozenset(UUID(bytes=bytes(value)) if value else None for (value,) in rows)


def _difference(found: object, expected: object) -> str:
    if isinstance(found, frozenset) and isinstance(expected, frozenset):
        return f"{len(expected - found)} missing, {len(found - expected)} too many"
    if isinstance(found, Mapping) and isinstance(expected, Mapping):
        wrong = [key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key)]
        return f"{len(wrong)} of {len(expected)} days wrong: {found.get(wrong[0])}, not {expected.get(wrong[0])}"
    return f"{found}, not {expected}"
