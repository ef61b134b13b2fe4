"""Applying a batch of messages to the balances: each event once, whatever is redelivered, refused or down."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.database import is_duplicate
from caixa_comum.events import LancamentoRegistrado
from caixa_comum.identifiers import uuid7
from caixa_saldo import metrics, projection, quarantine, receipts, traces
from caixa_saldo.bisection import Refused, apply_by_halves
from caixa_saldo.deltas import summed
from caixa_saldo.messages import Closing, Entry, Event, Message, Rejection, rejection, traceparents, triage
from caixa_saldo.transactions import until_done

log = structlog.get_logger(__name__)


class Outcome(msgspec.Struct):
    """What became of a batch's messages; the three add up to its size."""

    applied: int = 0
    duplicates: int = 0
    quarantined: int = 0


class Applier:
    """Applies batches; when `apply` returns, every message is in a balance, known already, or in quarantine."""

    def __init__(self, engine: AsyncEngine, stop: asyncio.Event, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._stop = stop
        self._clock = clock

    async def apply(self, messages: Sequence[Message]) -> Outcome:
        """Apply the messages, all committed on return. Raises Stopped when told to stop while the database is down."""
        with traces.batch(messages):
            return await self._apply(messages)

    async def _apply(self, messages: Sequence[Message]) -> Outcome:
        started, began = time.perf_counter(), time.time_ns()
        batch_id = uuid7()
        events, rejections = triage(messages)
        outcome, refused = await self.add(events, batch_id)
        rejections += [rejection(event.message, reason) for event, reason in refused]
        if rejections:
            await until_done(lambda: self._set_apart(rejections), self._stop)
            outcome.quarantined = len(rejections)
            traces.set_apart(rejections, began=began, ended=time.time_ns())
        _count(outcome, messages, time.perf_counter() - started, batch_id)
        return outcome

    async def add(self, events: Sequence[Event], batch_id: UUID) -> tuple[Outcome, list[tuple[Event, str]]]:
        """Add entries to the balances and keep receipts, all committed on return; what the database refuses is given back with why.

        Raises Stopped when told to stop while the database is down.
        """
        outcome = Outcome()
        refused: list[tuple[Event, str]] = []

        async def attempt(some: Sequence[Event]) -> None:
            began = time.time_ns()
            fresh = await until_done(lambda: self._add(some, batch_id), self._stop)
            traces.committed(some, began=began, ended=time.time_ns())
            outcome.applied += len(fresh)
            outcome.duplicates += len(some) - len(fresh)
            entries = [event.lancamento for event in fresh if isinstance(event, Entry)]
            metrics.APPLIED.inc(len(entries))
            metrics.CLOSINGS.inc(len(fresh) - len(entries))
            self._measure_lag(entries)

        async def reject(event: Event, refusal: Refused) -> None:
            refused.append((event, f"refused by the database: {refusal}"))

        await apply_by_halves(events, attempt, reject)
        return outcome, refused

    async def _add(self, events: Sequence[Event], batch_id: UUID) -> list[Event]:
        """Add what is not included yet, in one transaction; the events that were added."""
        fresh = {event.event_id: event for event in events}
        while fresh:
            deltas = summed(event.lancamento for event in fresh.values() if isinstance(event, Entry))
            closings = {event.event_id: event.fechamento for event in fresh.values() if isinstance(event, Closing)}
            try:
                async with self._engine.begin() as connection:
                    await projection.claim(connection, {one: event.comerciante_id for one, event in fresh.items()}, batch_id, self._clock())
                    if deltas:
                        await projection.add(connection, deltas)
                    if closings:
                        await receipts.keep(connection, closings, self._clock())
            except IntegrityError as error:
                if is_duplicate(error) is None:
                    raise
            else:
                break
            # Redelivery is rare, so the inbox is only read once it has refused. The transaction is over by then:
            # what is found was committed by someone (or by us, and the answer was lost), never half of this try.
            async with self._engine.connect() as connection:
                for event_id in await projection.known(connection, list(fresh)):
                    del fresh[event_id]
        return list(fresh.values())

    async def _set_apart(self, rejections: Sequence[Rejection]) -> None:
        async with self._engine.begin() as connection:
            await quarantine.keep(connection, rejections, self._clock())

    def _measure_lag(self, entries: Sequence[LancamentoRegistrado]) -> None:
        if not entries:
            return
        now = self._clock()
        for entry in entries:
            metrics.LAG_SECONDS.observe(max(0.0, (now - entry.registrado_em).total_seconds()))
        newest = max(entry.registrado_em for entry in entries)
        metrics.LAST_LAG_SECONDS.set(max(0.0, (now - newest).total_seconds()))


def _count(outcome: Outcome, messages: Sequence[Message], seconds: float, batch_id: UUID) -> None:
    metrics.REDELIVERED.inc(sum(message.redelivered for message in messages))
    metrics.DUPLICATES.inc(outcome.duplicates)
    metrics.QUARANTINED.inc(outcome.quarantined)
    metrics.BATCH_SIZE.observe(len(messages))
    metrics.BATCH_SECONDS.observe(seconds)
    log.info(
        "batch",
        batch_id=str(batch_id),
        size=len(messages),
        applied=outcome.applied,
        duplicates=outcome.duplicates,
        quarantined=outcome.quarantined,
        duration_ms=round(seconds * 1000, 1),
        traceparents=traceparents(messages),
    )
