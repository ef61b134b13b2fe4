"""The write side of the balances: SQL over `inbox` and `saldo_diario`, inside the caller's transaction."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from caixa_saldo.deltas import Delta
from caixa_saldo.tables import inbox, saldo_diario

INBOX_KEY = "PRIMARY"


async def known(connection: AsyncConnection, event_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Tell which of these events the balances already include."""
    rows = await connection.scalars(select(inbox.c.event_id).where(inbox.c.event_id.in_(event_ids)))
    return frozenset(rows)


async def owners(connection: AsyncConnection, event_ids: Collection[UUID]) -> dict[UUID, UUID | None]:
    """Tell whose those of these events are that the balances include; None where that was not kept yet."""
    rows = await connection.execute(select(inbox.c.event_id, inbox.c.comerciante_id).where(inbox.c.event_id.in_(event_ids)))
    return {row.event_id: row.comerciante_id for row in rows}


async def claim(connection: AsyncConnection, events: Mapping[UUID, UUID], batch_id: UUID, now: datetime) -> None:
    """Enter the events, by id each with its merchant, into the inbox, or raise IntegrityError (1062) when any is there already.

    A plain INSERT: INSERT IGNORE would also turn data errors into warnings, and so lose money silently. Summing
    in Python what this lets through, rather than selecting the batch back from the inbox, keeps amounts out of it:
    less redo per event.
    """
    await connection.execute(
        insert(inbox),
        [
            {"event_id": event_id, "batch_id": batch_id, "applied_at": now, "comerciante_id": comerciante_id}
            for event_id, comerciante_id in sorted(events.items())
        ],
    )


async def add(connection: AsyncConnection, deltas: Sequence[Delta]) -> None:
    """Add the deltas, given in primary-key order, to the daily balances: atomic, whatever other consumers add."""
    statement = insert(saldo_diario)
    stored, given = saldo_diario.c, statement.inserted
    statement = statement.on_duplicate_key_update(
        total_creditos=stored.total_creditos + given.total_creditos,
        total_debitos=stored.total_debitos + given.total_debitos,
        quantidade=stored.quantidade + given.quantidade,
        atualizado_em=func.greatest(stored.atualizado_em, given.atualizado_em),
    )
    await connection.execute(
        statement,
        [
            {
                "comerciante_id": delta.comerciante_id,
                "moeda": delta.moeda,
                "data": delta.data,
                "total_creditos": delta.creditos,
                "total_debitos": delta.debitos,
                "quantidade": delta.quantidade,
                "atualizado_em": delta.atualizado_em,
            }
            for delta in deltas
        ],
    )
