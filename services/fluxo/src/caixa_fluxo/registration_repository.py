"""The SQL that records entries: plain inserts when nothing collides, and a careful path that says what did.

Rows go in sorted by their unique keys, so that concurrent batches take the same locks in the same order.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Column, ColumnElement, RowMapping, and_, delete, insert, or_, select
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from caixa_fluxo.day_locks import ClosedUntil
from caixa_fluxo.lancamento import Registro
from caixa_fluxo.registration import (
    AlreadyReversed,
    Answer,
    Claim,
    DayClosed,
    Evento,
    ReferenceTaken,
    Refused,
    Registration,
    answered,
)
from caixa_fluxo.tables import idempotencia, lancamento, outbox

Row = dict[str, object]


async def insert_registrations(connection: AsyncConnection, registrations: Sequence[Registration]) -> list[Answer]:
    """Insert every entry, claim and event; raises IntegrityError, leaving all to be rolled back, if any key is taken.

    The days are open: the caller holds them so.
    """
    await connection.execute(insert(idempotencia), _claim_rows(one.claim for one in registrations))
    await insert_entries(connection, [one.registro for one in registrations])
    await insert_events(connection, [one.evento for one in registrations])
    return [one.claim.answer for one in registrations]


async def insert_one_by_one(
    connection: AsyncConnection, registrations: Sequence[Registration], closed: ClosedUntil
) -> list[Answer | Refused]:
    """Insert what can be inserted and say why the rest cannot, in the order given.

    A key that another transaction is inserting is waited for; its row is then locked, so what was found still holds
    at the commit. An answer that is kept under a key outlives the closing of its day.
    """
    taken = await claim_keys(connection, [one.claim for one in registrations])
    ours = [one for one in registrations if one.registro.id not in taken]
    refused = late((one.registro for one in ours), closed)
    refused |= await _insert_entries(connection, [one.registro for one in ours if one.registro.id not in refused])
    await release_keys(connection, [one.claim for one in ours if one.registro.id in refused])
    await insert_events(connection, [one.evento for one in ours if one.registro.id not in refused])
    return [taken.get(one.registro.id) or refused.get(one.registro.id) or one.claim.answer for one in registrations]


def late(registros: Iterable[Registro], closed: ClosedUntil) -> dict[UUID, Refused]:
    """Say, by id, which entries come after the closing of their day."""
    found: dict[UUID, Refused] = {}
    for one in registros:
        fechado_ate = closed[one.comerciante_id]
        if fechado_ate is not None and one.data <= fechado_ate:
            found[one.id] = DayClosed(fechado_ate)
    return found


async def claim_keys(connection: AsyncConnection, claims: Sequence[Claim]) -> dict[UUID, Answer | Refused]:
    """Insert the claims whose keys are free; return, by `registro_id`, what the others get."""
    statement = upsert(idempotencia).on_duplicate_key_update(chave=idempotencia.c.chave)
    await connection.execute(statement, _claim_rows(claims))
    keys = _of_merchants(idempotencia.c.comerciante_id, idempotencia.c.chave, [(claim.comerciante_id, claim.chave) for claim in claims])
    rows = await connection.execute(select(idempotencia).where(keys))
    stored = {(row.comerciante_id, row.chave): _claim(row._mapping) for row in rows}  # noqa: SLF001 # SQLAlchemy's public name
    found = ((claim, stored[claim.comerciante_id, claim.chave]) for claim in claims)
    return {ours.registro_id: _answered(ours, theirs) for ours, theirs in found if theirs.registro_id != ours.registro_id}


async def stored_answer(connection: AsyncConnection, comerciante_id: UUID, chave: str, impressao: bytes) -> Answer | None:
    """Return what is kept under the key, None for a key that is free; raises KeyReused where another request is."""
    statement = select(idempotencia).where(idempotencia.c.comerciante_id == comerciante_id, idempotencia.c.chave == chave)
    row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else answered(impressao, _claim(row))


async def insert_claim(connection: AsyncConnection, claim: Claim) -> None:
    """Keep the claim; raises IntegrityError if its key is taken."""
    await connection.execute(insert(idempotencia), _claim_rows([claim]))


async def release_keys(connection: AsyncConnection, claims: Iterable[Claim]) -> None:
    """Take back claims of this transaction whose entries were refused: a refusal is not kept under the key."""
    for claim in claims:
        await connection.execute(
            delete(idempotencia).where(idempotencia.c.comerciante_id == claim.comerciante_id, idempotencia.c.chave == claim.chave)
        )


async def insert_entries(connection: AsyncConnection, registros: Iterable[Registro]) -> None:
    """Keep the entries; raises IntegrityError if a reference is taken, or what one reverses is reversed."""
    await connection.execute(insert(lancamento), _entry_rows(registros))


async def insert_events(connection: AsyncConnection, events: Sequence[Evento]) -> None:
    """Put the events into the outbox, in the order given."""
    if events:
        await connection.execute(insert(outbox), [_event_row(event) for event in events])


async def conflicts(connection: AsyncConnection, registros: Sequence[Registro]) -> dict[UUID, Refused]:
    """Say, by id, which entries cannot stand because of one that is recorded already (itself excepted)."""
    references = await _holders_of_references(connection, registros)
    reversals = await _holders_of_reversals(connection, registros)
    found: dict[UUID, Refused] = {}
    for one in registros:
        reversal = reversals.get(one.estorna_id, one.id)
        holder = references.get((one.comerciante_id, one.referencia_externa), one.id)
        if reversal != one.id:
            found[one.id] = AlreadyReversed(reversal)
        elif holder != one.id:
            found[one.id] = ReferenceTaken(holder)
    return found


async def _holders_of_references(connection: AsyncConnection, registros: Sequence[Registro]) -> dict[tuple[UUID, str | None], UUID]:
    columns = lancamento.c
    wanted = [(one.comerciante_id, one.referencia_externa) for one in registros if one.referencia_externa is not None]
    if not wanted:
        return {}
    rows = await connection.execute(
        select(columns.id, columns.comerciante_id, columns.referencia_externa).where(
            _of_merchants(columns.comerciante_id, columns.referencia_externa, wanted)
        )
    )
    return {(row.comerciante_id, row.referencia_externa): row.id for row in rows}


async def _holders_of_reversals(connection: AsyncConnection, registros: Sequence[Registro]) -> dict[UUID | None, UUID]:
    wanted = [one.estorna_id for one in registros if one.estorna_id is not None]
    if not wanted:
        return {}
    rows = await connection.execute(select(lancamento.c.id, lancamento.c.estorna_id).where(lancamento.c.estorna_id.in_(wanted)))
    return {row.estorna_id: row.id for row in rows}


async def _insert_entries(connection: AsyncConnection, registros: Sequence[Registro]) -> dict[UUID, Refused]:
    if not registros:
        return {}
    statement = upsert(lancamento).on_duplicate_key_update(id=lancamento.c.id)
    await connection.execute(statement, _entry_rows(registros))
    refused = await conflicts(connection, registros)
    expected = {one.id for one in registros} - set(refused)
    present = set((await connection.execute(select(lancamento.c.id).where(lancamento.c.id.in_(list(expected))))).scalars())
    if present != expected:
        raise RuntimeError("entries neither recorded nor in conflict with a recorded one")
    return refused


def _of_merchants(merchant: Column[UUID], key: Column[str], wanted: Sequence[tuple[UUID, str]]) -> ColumnElement[bool]:
    """Match (merchant, key) pairs in a form that both engines answer from the unique index."""
    keys: dict[UUID, list[str]] = {}
    for comerciante_id, value in wanted:
        keys.setdefault(comerciante_id, []).append(value)
    return or_(*(and_(merchant == comerciante_id, key.in_(values)) for comerciante_id, values in keys.items()))


def _answered(claim: Claim, stored: Claim) -> Answer | Refused:
    try:
        return answered(claim.impressao, stored)
    except Refused as refusal:
        return refusal


def _claim(row: RowMapping) -> Claim:
    return Claim(
        comerciante_id=row["comerciante_id"],
        chave=row["chave"],
        registro_id=row["registro_id"],
        impressao=bytes(row["impressao"]),
        answer=Answer(status=row["status"], corpo=bytes(row["corpo"]), location=row["location"]),
        created_at=row["created_at"],
    )


def _claim_rows(claims: Iterable[Claim]) -> list[Row]:
    return [
        {
            "comerciante_id": claim.comerciante_id,
            "chave": claim.chave,
            "registro_id": claim.registro_id,
            "impressao": claim.impressao,
            "status": claim.answer.status,
            "corpo": claim.answer.corpo,
            "location": claim.answer.location,
            "created_at": claim.created_at,
        }
        for claim in sorted(claims, key=lambda one: (one.comerciante_id.bytes, one.chave))
    ]


def _entry_rows(registros: Iterable[Registro]) -> list[Row]:
    return [
        {
            "id": one.id,
            "comerciante_id": one.comerciante_id,
            "tipo": one.tipo.value,
            "valor": one.valor,
            "moeda": one.moeda,
            "data": one.data,
            "ocorrido_em": one.ocorrido_em,
            "registrado_em": one.registrado_em,
            "descricao": one.descricao,
            "referencia_externa": one.referencia_externa,
            "metadados": one.metadados,
            "estorna_id": one.estorna_id,
        }
        for one in sorted(registros, key=lambda one: (one.comerciante_id.bytes, one.referencia_externa or "", one.id.bytes))
    ]


def _event_row(event: Evento) -> Row:
    return {
        "event_id": event.event_id,
        "routing_key": event.routing_key,
        "payload": event.payload,
        "traceparent": event.traceparent,
        "created_at": event.created_at,
    }
