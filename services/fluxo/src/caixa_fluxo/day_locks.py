"""The lock between recording and closing: a merchant's row of `fechamento_estado`, shared by writers, exclusive for a closing.

So a closing waits for the entries that are in the air, later ones wait for it, and other merchants notice nothing. It is the
first lock of every transaction that takes it: whoever waits for it holds nothing that its holder needs.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from caixa_fluxo.tables import fechamento_estado as estado

ClosedUntil = Mapping[UUID, date | None]


async def hold_open(connection: AsyncConnection, comerciantes: Iterable[UUID]) -> ClosedUntil:
    """Keep these merchants' days as they are until this transaction ends; return the last day that each has closed."""
    return await _locked(connection, set(comerciantes), shared=True)


async def hold_alone(connection: AsyncConnection, comerciante_id: UUID) -> date | None:
    """Wait for this merchant's entries in the air, and let none begin until this transaction ends; return its last closed day."""
    return (await _locked(connection, {comerciante_id}, shared=False))[comerciante_id]


async def closed_until(connection: AsyncConnection, comerciante_id: UUID) -> date | None:
    """Read the merchant's last closed day without any lock."""
    found = await connection.execute(select(estado.c.fechado_ate).where(estado.c.comerciante_id == comerciante_id))
    return found.scalar_one_or_none()


async def close_until(connection: AsyncConnection, comerciante_id: UUID, dia: date) -> None:
    """Note the day as the merchant's last closed one; the caller holds the row alone."""
    await connection.execute(update(estado).where(estado.c.comerciante_id == comerciante_id).values(fechado_ate=dia))


async def _locked(connection: AsyncConnection, wanted: set[UUID], *, shared: bool) -> ClosedUntil:
    found = await _select(connection, wanted, shared=shared)
    missing = sorted(wanted - set(found), key=lambda one: one.bytes)
    if not missing:
        return found
    # A merchant's first entry or closing: a row that is not there cannot be locked.
    statement = upsert(estado).on_duplicate_key_update(comerciante_id=estado.c.comerciante_id)
    await connection.execute(statement, [{"comerciante_id": one, "fechado_ate": None} for one in missing])
    return await _select(connection, wanted, shared=shared)


async def _select(connection: AsyncConnection, wanted: set[UUID], *, shared: bool) -> dict[UUID, date | None]:
    statement = select(estado).where(estado.c.comerciante_id.in_(list(wanted))).order_by(estado.c.comerciante_id)
    rows = await connection.execute(statement.with_for_update(read=shared))
    return {row.comerciante_id: row.fechado_ate for row in rows}
