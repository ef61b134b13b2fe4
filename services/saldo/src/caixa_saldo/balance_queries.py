"""The read side of the balances: one statement, hence one snapshot, for an opening and a range of days."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Select, cast, func, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from caixa_saldo.daily_balance import Abertura, Movimento
from caixa_saldo.tables import saldo_diario


async def opening_and_movements(
    connection: AsyncConnection, comerciante_id: UUID, de: date, ate: date
) -> tuple[list[Abertura], list[Movimento]]:
    """Give what the merchant's days before `de` leave per currency, and the rows from `de` to `ate`, both included.

    A batch is applied in one transaction and both halves are read in one statement, so an answer never shows
    half a batch.
    """
    rows = await connection.execute(union_all(_opening(comerciante_id, de), _range(comerciante_id, de, ate)))
    aberturas: list[Abertura] = []
    movimentos: list[Movimento] = []
    for data, moeda, creditos, debitos, quantidade, atualizado_em in rows:
        if data is None:
            aberturas.append(Abertura(moeda, int(creditos) - int(debitos), atualizado_em))
        else:
            movimentos.append(Movimento(data, moeda, int(creditos), int(debitos), int(quantidade), atualizado_em))
    return aberturas, movimentos


def _opening(comerciante_id: UUID, de: date) -> Select[*tuple[Any, ...]]:  # Any: columns and aggregates alike
    stored = saldo_diario.c
    return (
        select(
            cast(null(), Date).label("data"),
            stored.moeda,
            func.sum(stored.total_creditos),
            func.sum(stored.total_debitos),
            func.sum(stored.quantidade),
            func.max(stored.atualizado_em),
        )
        .where(stored.comerciante_id == comerciante_id, stored.data < de)
        .group_by(stored.moeda)
    )


def _range(comerciante_id: UUID, de: date, ate: date) -> Select[*tuple[Any, ...]]:  # Any: columns and aggregates alike
    stored = saldo_diario.c
    return select(stored.data, stored.moeda, stored.total_creditos, stored.total_debitos, stored.quantidade, stored.atualizado_em).where(
        stored.comerciante_id == comerciante_id, stored.data.between(de, ate)
    )
