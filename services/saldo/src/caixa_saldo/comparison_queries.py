"""What the reconciliation reads: saldo's side from its own tables, fluxo's by name, since no service imports another.

The user `reconciliacao` may read exactly these tables.
"""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Column, Date, MetaData, Table, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from caixa_comum.columns import Uuid16, ascii_text
from caixa_comum.dominio import Tipo
from caixa_saldo.closing import Totais
from caixa_saldo.tables import saldo_diario

_fluxo = MetaData()
lancamento = Table(
    "lancamento",
    _fluxo,
    Column("id", Uuid16(), primary_key=True),
    Column("comerciante_id", Uuid16()),
    Column("tipo", ascii_text(7)),
    Column("valor", BigInteger),
    Column("moeda", ascii_text(3)),
    Column("data", Date),
)
outbox = Table("outbox", _fluxo, Column("event_id", Uuid16()))
fechamento = Table("fechamento", _fluxo, Column("id", Uuid16(), primary_key=True))

Key = tuple[UUID, str, date]
"""Merchant, currency, day."""


async def merchants(connection: AsyncConnection, of: Table, after: UUID | None, limit: int) -> list[UUID]:
    """Give up to `limit` merchants of `lancamento` or `saldo_diario`, in order, those after the given one."""
    statement = select(of.c.comerciante_id).distinct().order_by(of.c.comerciante_id).limit(limit)
    if after is not None:
        statement = statement.where(of.c.comerciante_id > after)
    return list(await connection.scalars(statement))


async def balances(connection: AsyncConnection, comerciantes: Sequence[UUID]) -> dict[Key, Totais]:
    """Give the balances of these merchants."""
    stored = saldo_diario.c
    rows = await connection.execute(
        select(stored.comerciante_id, stored.moeda, stored.data, stored.total_creditos, stored.total_debitos, stored.quantidade).where(
            stored.comerciante_id.in_(comerciantes)
        )
    )
    return {(merchant, moeda, data): Totais(*totais) for merchant, moeda, data, *totais in rows}


async def sums(connection: AsyncConnection, comerciantes: Sequence[UUID]) -> dict[Key, Totais]:
    """Add up the entries of these merchants."""
    stored = lancamento.c
    credito, debito = (func.sum(case((stored.tipo == tipo.value, stored.valor), else_=0)) for tipo in (Tipo.CREDITO, Tipo.DEBITO))
    rows = await connection.execute(
        select(stored.comerciante_id, stored.moeda, stored.data, credito, debito, func.count())
        .where(stored.comerciante_id.in_(comerciantes))
        .group_by(stored.comerciante_id, stored.moeda, stored.data)
    )
    return {(merchant, moeda, data): Totais(*map(int, totais)) for merchant, moeda, data, *totais in rows}


async def entries(connection: AsyncConnection, key: Key, after: UUID | None, limit: int) -> dict[UUID, Totais]:
    """Give up to `limit` entries of one merchant, currency and day, in the order of their ids, each as what it adds."""
    stored = lancamento.c
    merchant, moeda, data = key
    statement = (
        select(stored.id, stored.tipo, stored.valor)
        .where(stored.comerciante_id == merchant, stored.moeda == moeda, stored.data == data)
        .order_by(stored.id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(stored.id > after)
    rows = await connection.execute(statement)
    return {id_: Totais(valor, 0, 1) if tipo == Tipo.CREDITO else Totais(0, valor, 1) for id_, tipo, valor in rows}


async def receipts(connection: AsyncConnection, after: UUID | None, limit: int) -> list[UUID]:
    """Give up to `limit` ids of closed days' receipts, in order, those after the given one; a receipt's event has its id."""
    statement = select(fechamento.c.id).order_by(fechamento.c.id).limit(limit)
    if after is not None:
        statement = statement.where(fechamento.c.id > after)
    return list(await connection.scalars(statement))


async def not_handed_over(connection: AsyncConnection, event_ids: Collection[UUID]) -> frozenset[UUID]:
    """Tell which of these events are still in the outbox: one walk over it, since it has no index by event."""
    waiting = await connection.stream_scalars(select(outbox.c.event_id))
    wanted = frozenset(event_ids)
    return frozenset([event_id async for event_id in waiting if event_id in wanted])
