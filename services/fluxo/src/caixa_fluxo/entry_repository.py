"""The SQL that reads entries; each is shown to its own merchant only."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from caixa_comum.dominio import Tipo
from caixa_fluxo.lancamento import Lancamento, Registro
from caixa_fluxo.listing import Filtros, Lugar
from caixa_fluxo.tables import lancamento

estorno = lancamento.alias("estorno")
entries = select(lancamento, estorno.c.id.label("estornado_por")).outerjoin(estorno, estorno.c.estorna_id == lancamento.c.id)
"""Every entry, with the one that reversed it."""


async def find(connection: AsyncConnection, entry_id: UUID, comerciante_id: UUID) -> Lancamento | None:
    """Return the merchant's entry; None if there is none, or it is another merchant's."""
    rows = await connection.execute(entries.where(lancamento.c.id == entry_id, lancamento.c.comerciante_id == comerciante_id))
    row = rows.mappings().one_or_none()
    return None if row is None else as_lancamento(row)


async def recorded(connection: AsyncConnection, ids: Collection[UUID]) -> list[Registro]:
    """Return those of these entries that exist, whosever they are, as they were recorded: for events, which are shown to nobody."""
    rows = await connection.execute(select(lancamento).where(lancamento.c.id.in_(list(ids))).order_by(lancamento.c.id))
    return [Registro(**{**row, "tipo": Tipo(row["tipo"])}) for row in rows.mappings()]


async def page(connection: AsyncConnection, comerciante_id: UUID, filtros: Filtros, after: Lugar | None, limit: int) -> list[Lancamento]:
    """Return up to `limit` of the merchant's entries that follow `after`, in the list's order: newest day first, then newest record.

    First the rest of that day, then the days before: two ranges of an index that ends in (day, id), where one condition with an OR
    would read the whole day again for each page.
    """
    conditions = _matching(comerciante_id, filtros)
    if after is None:
        return await _newest(connection, conditions, limit)
    found = await _newest(connection, [*conditions, lancamento.c.data == after.data, lancamento.c.id < after.id], limit)
    if len(found) < limit:
        found += await _newest(connection, [*conditions, lancamento.c.data < after.data], limit - len(found))
    return found


async def _newest(connection: AsyncConnection, conditions: Sequence[ColumnElement[bool]], limit: int) -> list[Lancamento]:
    ordered = entries.where(*conditions).order_by(lancamento.c.data.desc(), lancamento.c.id.desc())
    rows = await connection.execute(ordered.limit(limit))
    return [as_lancamento(row) for row in rows.mappings()]


def _matching(comerciante_id: UUID, filtros: Filtros) -> list[ColumnElement[bool]]:
    columns = lancamento.c
    conditions: list[ColumnElement[bool]] = [columns.comerciante_id == comerciante_id]
    if filtros.data_inicial is not None:
        conditions.append(columns.data >= filtros.data_inicial)
    if filtros.data_final is not None:
        conditions.append(columns.data <= filtros.data_final)
    for column, wanted in (
        (columns.tipo, filtros.tipo),
        (columns.moeda, filtros.moeda),
        (columns.referencia_externa, filtros.referencia_externa),
    ):
        if wanted is not None:
            conditions.append(column == wanted)
    return conditions


def as_lancamento(row: RowMapping) -> Lancamento:
    """Read one row of `entries`."""
    return Lancamento(
        id=row["id"],
        tipo=Tipo(row["tipo"]),
        valor=row["valor"],
        moeda=row["moeda"],
        data=row["data"],
        descricao=row["descricao"],
        ocorrido_em=row["ocorrido_em"],
        registrado_em=row["registrado_em"],
        referencia_externa=row["referencia_externa"],
        metadados=row["metadados"],
        estorna_id=row["estorna_id"],
        estornado_por=row["estornado_por"],
    )
