"""The SQL of closed days: what their entries add up to, and the receipts."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, case, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from caixa_comum.dominio import Tipo
from caixa_comum.events import TotaisDoDia
from caixa_fluxo.fechamento import Recibo
from caixa_fluxo.tables import fechamento, lancamento


async def first_day(connection: AsyncConnection, comerciante_id: UUID) -> date | None:
    """Return the day of the merchant's earliest entry, None when there is none."""
    found = await connection.execute(select(func.min(lancamento.c.data)).where(lancamento.c.comerciante_id == comerciante_id))
    day: date | None = found.scalar_one_or_none()
    return day


async def totals(connection: AsyncConnection, comerciante_id: UUID, first: date, last: date) -> Mapping[date, Sequence[TotaisDoDia]]:
    """Add up the merchant's entries per day and currency, both days included; days without entries are absent."""
    columns = lancamento.c
    creditos, debitos = (func.sum(case((columns.tipo == tipo.value, columns.valor), else_=0)) for tipo in (Tipo.CREDITO, Tipo.DEBITO))
    statement = (
        select(columns.data, columns.moeda, creditos.label("creditos"), debitos.label("debitos"), func.count().label("quantidade"))
        .where(columns.comerciante_id == comerciante_id, columns.data.between(first, last))
        .group_by(columns.data, columns.moeda)
    )
    found: dict[date, list[TotaisDoDia]] = defaultdict(list)
    for row in await connection.execute(statement):
        found[row.data].append(
            TotaisDoDia(moeda=row.moeda, total_creditos=int(row.creditos), total_debitos=int(row.debitos), quantidade=row.quantidade)
        )
    return found


async def insert_receipts(connection: AsyncConnection, recibos: Sequence[Recibo]) -> None:
    """Keep the receipts."""
    await connection.execute(
        insert(fechamento),
        [
            {
                "id": one.id,
                "comerciante_id": one.comerciante_id,
                "data": one.data,
                "totais": msgspec.to_builtins(one.totais),
                "hash": bytes.fromhex(one.hash),
                "hash_anterior": None if one.hash_anterior is None else bytes.fromhex(one.hash_anterior),
                "fechado_em": one.fechado_em,
            }
            for one in recibos
        ],
    )


async def receipt(connection: AsyncConnection, comerciante_id: UUID, data: date) -> Recibo | None:
    """Return the receipt of the merchant's day, if it has one."""
    statement = select(fechamento).where(fechamento.c.comerciante_id == comerciante_id, fechamento.c.data == data)
    row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else as_recibo(row)


async def receipts(
    connection: AsyncConnection, comerciante_id: UUID, limit: int, *, before: date | None = None, after: date | None = None
) -> list[Recibo]:
    """Return up to `limit` of the merchant's receipts, newest first; with `after`, those after that day, oldest first."""
    statement = select(fechamento).where(fechamento.c.comerciante_id == comerciante_id).limit(limit)
    if before is not None:
        statement = statement.where(fechamento.c.data < before)
    if after is not None:
        statement = statement.where(fechamento.c.data > after)
    rows = await connection.execute(statement.order_by(fechamento.c.data.asc() if after is not None else fechamento.c.data.desc()))
    return [as_recibo(row) for row in rows.mappings()]


async def receipts_of(connection: AsyncConnection, ids: Collection[UUID]) -> list[Recibo]:
    """Return those of these receipts that exist, whosever they are."""
    rows = await connection.execute(select(fechamento).where(fechamento.c.id.in_(list(ids))).order_by(fechamento.c.id))
    return [as_recibo(row) for row in rows.mappings()]


def as_recibo(row: RowMapping) -> Recibo:
    """Read one row."""
    totais = msgspec.convert(row["totais"], tuple[TotaisDoDia, ...])
    return Recibo(
        id=row["id"],
        comerciante_id=row["comerciante_id"],
        data=row["data"],
        totais=totais,
        quantidade=sum(one.quantidade for one in totais),
        hash_anterior=None if row["hash_anterior"] is None else bytes(row["hash_anterior"]).hex(),
        hash=bytes(row["hash"]).hex(),
        fechado_em=row["fechado_em"],
    )
