"""Recording a lote: all of its entries, their events and the key's answer in one transaction, or nothing."""

from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from caixa_comum.authentication import Comerciante
from caixa_comum.identifiers import uuid7
from caixa_fluxo import day_locks, idempotency, lote, rules
from caixa_fluxo import registration_repository as repository
from caixa_fluxo.events import registrado
from caixa_fluxo.lancamento import Registro, view
from caixa_fluxo.lote import LoteRegistrado
from caixa_fluxo.own_transaction import committed
from caixa_fluxo.registrar import CREATED, KeysInFlight
from caixa_fluxo.registration import Answer, Claim, Evento

LOTE = "/api/v1/lancamentos/lote"


class Pedido(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends a lote, when, and under which key."""

    comerciante: Comerciante
    chave: str
    traceparent: str | None
    agora: datetime


class Lote(msgspec.Struct, frozen=True, kw_only=True):
    """What a lote writes: the claim with its answer, and the entries with their events, in the order sent; their ids ascend in it."""

    claim: Claim
    registros: tuple[Registro, ...]
    eventos: tuple[Evento, ...]


def prepared(body: bytes, pedido: Pedido) -> Lote:
    """Put together all that recording a lote writes. Raises the Problem of a body that is not accepted."""
    comerciante, agora = pedido.comerciante, pedido.agora
    novo = lote.read(body, fuso=comerciante.fuso, agora=agora)
    registros = tuple(
        rules.registro(one, id=uuid7(), comerciante_id=comerciante.id, fuso=comerciante.fuso, agora=agora) for one in novo.lancamentos
    )
    answer = Answer(status=CREATED, corpo=msgspec.json.encode(LoteRegistrado(itens=tuple(view(one) for one in registros))))
    claim = Claim(
        comerciante_id=comerciante.id,
        chave=pedido.chave,
        registro_id=registros[0].id,
        impressao=idempotency.fingerprint(f"POST {LOTE}", novo),
        answer=answer,
        created_at=agora,
    )
    return Lote(claim=claim, registros=registros, eventos=tuple(registrado(one, pedido.traceparent) for one in registros))


async def record(engine: AsyncEngine, keys: KeysInFlight, wanted: Lote) -> Answer:
    """Return the answer once it is committed.

    Raises KeyReused, InFlight, Unavailable, or the 409 Problem of entries whose day is closed or whose reference is taken.
    """

    async def work(connection: AsyncConnection) -> Answer:
        claim = wanted.claim
        closed = await day_locks.hold_open(connection, {claim.comerciante_id})
        stored = await repository.stored_answer(connection, claim.comerciante_id, claim.chave, claim.impressao)
        if stored is not None:
            return stored
        late = repository.late(wanted.registros, closed)
        taken = await repository.conflicts(connection, wanted.registros)
        if late or taken:
            raise lote.conflict(wanted.registros, late, taken)
        await repository.insert_claim(connection, claim)
        await repository.insert_entries(connection, wanted.registros)
        await repository.insert_events(connection, wanted.eventos)
        return claim.answer

    keys.enter(wanted.claim)
    try:
        return await committed(engine, work)
    finally:
        keys.leave(wanted.claim)
