"""The receipts of closed days: SQL over `fechamento_recebido`, inside the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from caixa_comum.events import DiaFechado, TotaisDoDia
from caixa_saldo.closing import Recibo, Totais, totals_of
from caixa_saldo.tables import fechamento_recebido, saldo_diario

_totais = msgspec.json.Decoder(tuple[TotaisDoDia, ...])
Day = tuple[UUID, date]


class Pending(msgspec.Struct, frozen=True):
    """A receipt that the balances were not found equal to yet."""

    comerciante_id: UUID
    event_id: UUID
    recibo: Recibo


async def keep(connection: AsyncConnection, fechamentos: Mapping[UUID, DiaFechado], now: datetime) -> None:
    """Store receipts by event id, whose ids this transaction has claimed in the inbox; in primary-key order, as every consumer does."""
    by_key = sorted(fechamentos.items(), key=lambda item: (item[1].comerciante_id, item[1].data, item[0]))
    await connection.execute(
        insert(fechamento_recebido),
        [
            {
                "comerciante_id": fechamento.comerciante_id,
                "data": fechamento.data,
                "event_id": event_id,
                "totais": msgspec.json.encode(fechamento.totais),
                "hash": fechamento.hash,
                "hash_anterior": fechamento.hash_anterior,
                "fechado_em": fechamento.fechado_em,
                "recebido_em": now,
                "conferido_em": None,
            }
            for event_id, fechamento in by_key
        ],
    )


async def of_days(connection: AsyncConnection, comerciante_id: UUID, de: date, ate: date) -> list[Recibo]:
    """Give a merchant's receipts of the days from `de` to `ate`, both included."""
    stored = fechamento_recebido.c
    rows = await connection.execute(
        select(stored.data, stored.totais, stored.recebido_em).where(stored.comerciante_id == comerciante_id, stored.data.between(de, ate))
    )
    return [recibo(*row) for row in rows]


async def of_merchants(connection: AsyncConnection, comerciantes: Sequence[UUID]) -> list[tuple[UUID, Recibo]]:
    """Give all receipts of these merchants."""
    stored = fechamento_recebido.c
    rows = await connection.execute(
        select(stored.comerciante_id, stored.data, stored.totais, stored.recebido_em).where(stored.comerciante_id.in_(comerciantes))
    )
    return [(comerciante_id, recibo(*rest)) for comerciante_id, *rest in rows]


async def pending(connection: AsyncConnection, limit: int) -> list[Pending]:
    """Give up to `limit` receipts that were not found equal yet, the oldest first."""
    stored = fechamento_recebido.c
    rows = await connection.execute(
        select(stored.comerciante_id, stored.event_id, stored.data, stored.totais, stored.recebido_em)
        .where(stored.conferido_em.is_(None))
        .order_by(stored.recebido_em)
        .limit(limit)
    )
    return [Pending(comerciante_id, event_id, recibo(*rest)) for comerciante_id, event_id, *rest in rows]


async def count_pending(connection: AsyncConnection) -> int:
    """Count the receipts that were not found equal yet."""
    statement = select(func.count()).select_from(fechamento_recebido).where(fechamento_recebido.c.conferido_em.is_(None))
    return int((await connection.execute(statement)).scalar_one())


async def held(connection: AsyncConnection, days: Iterable[Day]) -> dict[Day, dict[str, Totais]]:
    """Give what the balances hold of these merchants' days, by currency."""
    stored = saldo_diario.c
    rows = await connection.execute(
        select(stored.comerciante_id, stored.data, stored.moeda, stored.total_creditos, stored.total_debitos, stored.quantidade).where(
            tuple_(stored.comerciante_id, stored.data).in_(list(days))
        )
    )
    found: dict[Day, dict[str, Totais]] = {}
    for comerciante_id, data, moeda, *totais in rows:
        found.setdefault((comerciante_id, data), {})[moeda] = Totais(*totais)
    return found


async def confirm(connection: AsyncConnection, equal: Sequence[Pending], now: datetime) -> None:
    """Note that the balances equal these receipts."""
    stored = fechamento_recebido.c
    statement = (
        update(fechamento_recebido)
        .where(
            stored.comerciante_id == bindparam("merchant"),
            stored.data == bindparam("day"),
            stored.event_id == bindparam("event"),
        )
        .values(conferido_em=now)
    )
    rows = [{"merchant": one.comerciante_id, "day": one.recibo.data, "event": one.event_id} for one in equal]
    await connection.execute(statement, sorted(rows, key=lambda row: (row["merchant"], row["day"], row["event"])))


def recibo(data: date, totais: bytes, recebido_em: datetime) -> Recibo:
    """Read a stored receipt."""
    return Recibo(data, totals_of(_totais.decode(bytes(totais))), recebido_em)
