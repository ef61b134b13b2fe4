"""Putting events into the outbox once more, made anew from what was recorded; harmless to repeat, since an inbox knows each event once.

A restored copy may lack events that the broker had confirmed and nobody had applied: they are in no outbox and in no inbox.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from caixa_fluxo.closing_repository import receipts_of
from caixa_fluxo.entry_repository import recorded
from caixa_fluxo.events import dia_fechado, registrado
from caixa_fluxo.registration import Evento
from caixa_fluxo.registration_repository import insert_events

BATCH = 500
"""Events a transaction: as many as a relay takes at once, so that neither waits long for the other."""


class Reemissao(msgspec.Struct, frozen=True):
    """How many events were asked for, how many of entries and of closed days went into the outbox, and how many nothing was recorded of."""

    pedidos: int
    lancamentos: int
    fechamentos: int

    @property
    def desconhecidos(self) -> int:
        """Ids of which there is neither an entry nor a receipt."""
        return self.pedidos - self.lancamentos - self.fechamentos


async def reemit(engine: AsyncEngine, ids: Sequence[UUID], clock: Callable[[], datetime], *, batch: int = BATCH) -> Reemissao:
    """Put the events with these ids into the outbox, a batch at a time, in the order given. Raises what the database's driver raises."""
    lancamentos = fechamentos = 0
    for begin in range(0, len(ids), batch):
        chunk = ids[begin : begin + batch]
        async with engine.begin() as connection:
            entries, closings = await _events(connection, chunk)
            # They wait from now on: the age of the oldest would otherwise tell of a relay that stands still.
            now = clock()
            waiting = [msgspec.structs.replace(one, created_at=now) for one in (*entries, *closings)]
            await insert_events(connection, waiting)
        lancamentos += len(entries)
        fechamentos += len(closings)
    return Reemissao(len(ids), lancamentos, fechamentos)


async def _events(connection: AsyncConnection, ids: Sequence[UUID]) -> tuple[list[Evento], list[Evento]]:
    entries = [registrado(one, None) for one in await recorded(connection, ids)]
    return entries, [dia_fechado(one, None) for one in await receipts_of(connection, ids)]
