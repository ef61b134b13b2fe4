"""The SQL that reads entries; each is seen by its own merchant only."""

from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from caixa_comum.dominio import Tipo
from caixa_fluxo.lancamento import Lancamento
from caixa_fluxo.tables import lancamento

estorno = lancamento.alias("estorno")
entries = select(lancamento, estorno.c.id.label("estornado_por")).outerjoin(estorno, estorno.c.estorna_id == lancamento.c.id)
"""Every entry, with the one that reversed it."""


async def find(connection: AsyncConnection, entry_id: UUID, comerciante_id: UUID) -> Lancamento | None:
    """Return the merchant's entry; None if there is none, or it is another merchant's."""
    rows = await connection.execute(entries.where(lancamento.c.id == entry_id, lancamento.c.comerciante_id == comerciante_id))
    row = rows.mappings().one_or_none()
    return None if row is None else as_lancamento(row)


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
