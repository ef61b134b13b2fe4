"""Closing a merchant's days: receipts, events, the key's answer and the lock on later entries, in one transaction."""

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from caixa_comum.identifiers import uuid7
from caixa_fluxo import closing_repository as repository
from caixa_fluxo import day_locks, fechamento
from caixa_fluxo.events import dia_fechado
from caixa_fluxo.fechamento import DiaJaFechado, Recibo
from caixa_fluxo.own_transaction import committed
from caixa_fluxo.registration import Answer, Claim
from caixa_fluxo.registration_repository import insert_claim, insert_events, stored_answer

CREATED = 201


class Pedido(msgspec.Struct, frozen=True, kw_only=True):
    """A request to close a day."""

    comerciante_id: UUID
    data: date
    chave: str
    impressao: bytes
    traceparent: str | None


async def close(engine: AsyncEngine, pedido: Pedido, clock: Callable[[], datetime]) -> Answer:
    """Close the day and those before it. Raises DiaJaFechado, KeyReused, Unavailable, or the 422 Problem of a day out of reach."""

    async def work(connection: AsyncConnection) -> Answer:
        fechado_ate = await day_locks.hold_alone(connection, pedido.comerciante_id)
        stored = await stored_answer(connection, pedido.comerciante_id, pedido.chave, pedido.impressao)
        return stored or await _close(connection, pedido, fechado_ate, clock())

    return await committed(engine, work)


async def _close(connection: AsyncConnection, pedido: Pedido, fechado_ate: date | None, agora: datetime) -> Answer:
    if fechado_ate is not None and pedido.data <= fechado_ate:
        raise DiaJaFechado(pedido.data, await repository.receipt(connection, pedido.comerciante_id, pedido.data))
    recibos = await _receipts(connection, pedido, fechado_ate, agora)
    last = recibos[-1]
    answer = Answer(status=CREATED, corpo=msgspec.json.encode(last), location=f"/api/v1/fechamentos/{last.data}")
    await repository.insert_receipts(connection, recibos)
    await day_locks.close_until(connection, pedido.comerciante_id, pedido.data)
    claim = Claim(
        comerciante_id=pedido.comerciante_id,
        chave=pedido.chave,
        registro_id=last.id,
        impressao=pedido.impressao,
        answer=answer,
        created_at=agora,
    )
    await insert_claim(connection, claim)
    await insert_events(connection, [dia_fechado(one, pedido.traceparent) for one in recibos])
    return answer


async def _receipts(connection: AsyncConnection, pedido: Pedido, fechado_ate: date | None, agora: datetime) -> list[Recibo]:
    primeiro = None if fechado_ate else await repository.first_day(connection, pedido.comerciante_id)
    days = fechamento.days_to_close(pedido.data, fechado_ate=fechado_ate, primeiro=primeiro)
    totals = await repository.totals(connection, pedido.comerciante_id, days[0], days[-1])
    newest = await repository.receipts(connection, pedido.comerciante_id, 1)
    anterior = newest[0].hash if newest else None
    recibos = []
    for dia in days:
        totais = totals.get(dia, ())
        fechamento.refuse_overflow(dia, totais)
        recibo = fechamento.sealed(
            id=uuid7(), comerciante_id=pedido.comerciante_id, data=dia, totais=totais, anterior=anterior, agora=agora
        )
        recibos.append(recibo)
        anterior = recibo.hash
    return recibos
