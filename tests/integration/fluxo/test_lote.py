"""Many entries in one request over a real database: all or nothing, once per key, and against whoever races it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.dominio import Tipo
from caixa_comum.events import LANCAMENTO_REGISTRADO, LancamentoRegistrado, decode
from caixa_comum.identifiers import uuid7
from caixa_fluxo import registration_repository as repository
from caixa_fluxo.group_commit import Limits
from caixa_fluxo.lancamento import Registro
from caixa_fluxo.lote import MAIOR_CORPO, MAIS_LANCAMENTOS
from caixa_fluxo.registration import Answer, Claim
from caixa_fluxo.tables import outbox
from tests.integration.fluxo.conftest import LANCAMENTOS, Fluxo, serving
from tests.integration.fluxo.test_hostile_bodies import ENTRY, NOT_JSON
from tests.issuer import Issuer
from tests.local.database import Database

LOTE = LANCAMENTOS + "/lote"
FECHAMENTOS = "/api/v1/fechamentos"
RACERS = 32
RUNNING = "SELECT id FROM information_schema.processlist WHERE user = 'fluxo' AND info LIKE %s"
"""Connections of the service whose statement is like this."""


def lote(*entries: Mapping[str, object]) -> dict[str, list[dict[str, object]]]:
    """Make a lote of entries of R$ 1,00 with these fields."""
    return {"lancamentos": [{"tipo": "credito", "valor": 100, **entry} for entry in entries]}


async def post(fluxo: Fluxo, *entries: Mapping[str, object], key: str | None = None) -> httpx.Response:
    """Record a lote."""
    return await fluxo.post(lote(*entries), key=key, path=LOTE)


def pointers(answer: httpx.Response) -> list[str]:
    """Give where a refused lote is wrong."""
    return [erro["ponteiro"] for erro in answer.json()["erros"]]


async def listed(fluxo: Fluxo) -> list[Any]:  # Any: JSON
    """Give the merchant's entries from the list, oldest first."""
    itens: list[Any] = (await fluxo.get("", limit=500)).json()["itens"]
    return itens[::-1]


async def test_a_lote_is_recorded_in_the_order_sent(fluxo: Fluxo) -> None:
    """Each entry is answered as the single route answers it, can be read by its id, and the list has them in that order."""
    sent: Sequence[Mapping[str, object]] = [
        {"valor": 7, "referencia_externa": "nf-1", "metadados": {"caixa": "3"}},
        {"tipo": "debito", "valor": 5, "moeda": "USD", "descricao": "troco 🧀"},
        {"valor": 7},
    ]
    answer = await post(fluxo, *sent)
    assert (answer.status_code, list(answer.json())) == (201, ["itens"]), answer.text
    itens = answer.json()["itens"]
    assert [one | dict(entry) for one, entry in zip(itens, sent, strict=True)] == itens
    assert [(await fluxo.get(f"/{one['id']}")).json() for one in itens] == itens
    assert await listed(fluxo) == itens
    single = await fluxo.record()
    assert list(itens[0]) == list(single)
    assert "Location" not in answer.headers


async def test_every_entry_has_its_event(fluxo: Fluxo, engine: AsyncEngine) -> None:
    """One outbox row an entry, under its id, in the order sent, with the request's trace."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    headers = fluxo.headers("k") | {"traceparent": trace}
    answer = await fluxo.client.post(LOTE, headers=headers, json=lote(*({"valor": number} for number in range(1, 21))))
    ids = [UUID(one["id"]) for one in answer.json()["itens"]]
    async with engine.connect() as connection:
        rows = (await connection.execute(select(outbox).where(outbox.c.event_id.in_(ids)).order_by(outbox.c.id))).all()
    assert [row.event_id for row in rows] == ids
    assert {(row.routing_key, row.traceparent) for row in rows} == {(LANCAMENTO_REGISTRADO, trace)}
    told = [decode(row.payload).data for row in rows]
    assert [one.valor for one in told if isinstance(one, LancamentoRegistrado)] == list(range(1, 21))


async def test_a_full_lote_is_recorded_and_kept_under_its_key(fluxo: Fluxo) -> None:
    """A thousand entries in nearly two megabytes: all are there, and the replay is the same bytes."""
    text = "ç" * ((MAIOR_CORPO // MAIS_LANCAMENTOS - 300) // 8)
    entries = [{"referencia_externa": f"r{number}", "metadados": dict.fromkeys("abcd", text)} for number in range(MAIS_LANCAMENTOS)]
    first, again = [await post(fluxo, *entries, key="cheio") for _ in range(2)]
    assert first.status_code == 201, first.text[:500]
    assert len(first.request.content) > MAIOR_CORPO * 0.75
    assert (again.status_code, again.content, again.headers["Idempotency-Replayed"]) == (201, first.content, "true")
    assert (await fluxo.entries(), await fluxo.events()) == (MAIS_LANCAMENTOS, MAIS_LANCAMENTOS)


async def test_a_lote_may_not_be_too_large(fluxo: Fluxo) -> None:
    """A byte more than two mebibytes is 413, one entry more than a thousand 422, none at all 422, another type 415; no key is 400."""
    headers = fluxo.headers("k") | {"Content-Type": "application/json"}
    answer = await fluxo.client.post(LOTE, headers=headers, content=b" " * (MAIOR_CORPO + 1))
    assert answer.status_code == 413
    for count in (MAIS_LANCAMENTOS + 1, 0):
        answer = await post(fluxo, *[{}] * count)
        assert (answer.status_code, pointers(answer)) == (422, ["#/lancamentos"])
    assert (await fluxo.client.post(LOTE, headers=headers | {"Content-Type": "text/csv"}, content=b"a")).status_code == 415
    assert (await fluxo.client.post(LOTE, headers=fluxo.headers(None), json=lote({}))).status_code == 400
    assert await fluxo.entries() == 0


async def test_one_wrong_entry_and_nothing_is_recorded(fluxo: Fluxo) -> None:
    """Every error is pointed at, the key stays free, and what was sent right is not there."""
    answer = await post(fluxo, {}, {"valor": 0}, {"data": "2999-01-01", "moeda": "XXX"}, {"referencia_externa": "r"}, key="k")
    assert (answer.status_code, pointers(answer)) == (
        422,
        ["#/lancamentos/1/valor", "#/lancamentos/2/moeda", "#/lancamentos/2/data"],
    )
    assert await fluxo.entries() == 0
    assert (await post(fluxo, {"referencia_externa": "r"}, key="k")).status_code == 201


async def test_hostile_entries_are_pointed_at_one_and_all(fluxo: Fluxo) -> None:
    """Every wrong value that the single route refuses, in one lote: each is pointed at; and one that is no JSON makes the whole a 400."""
    wrong = [(field, value) for field, values in ENTRY.items() for value in values]
    good = '{"tipo": "credito", "valor": 1}'
    sent = [f'{{"tipo": "credito", "valor": 1, "{field}": {value}}}' for field, value in wrong if field not in {"tipo", "valor"}]
    sent += [f'{{"tipo": {value}, "valor": 1}}' for field, value in wrong if field == "tipo"]
    sent += [f'{{"tipo": "credito", "valor": {value}}}' for field, value in wrong if field == "valor"]
    fields = (
        [field for field, _ in wrong if field not in {"tipo", "valor"}] + ["tipo"] * len(ENTRY["tipo"]) + ["valor"] * len(ENTRY["valor"])
    )
    headers = fluxo.headers("k") | {"Content-Type": "application/json"}
    answer = await fluxo.client.post(LOTE, headers=headers, content=f'{{"lancamentos": [{good}, {", ".join(sent)}]}}')
    assert answer.status_code == 422
    assert pointers(answer) == [f"#/lancamentos/{index}/{field}" for index, field in enumerate(fields, 1)]
    for body in NOT_JSON.values():
        content = f'{{"lancamentos": [{good}, {{}}, '.encode() + body + b"]}"
        answer = await fluxo.client.post(LOTE, headers=headers, content=content)
        assert (answer.status_code, pointers(answer)) == (400, ["#"]), body
    assert await fluxo.entries() == 0


async def test_taken_references_and_closed_days_are_told_together(fluxo: Fluxo) -> None:
    """One 409 with a pointer for each, the entry that has each reference and the last closed day; nothing is recorded."""
    theirs = [await fluxo.record(referencia_externa=name) for name in ("a", "b")]
    await fluxo.of(uuid4()).record(referencia_externa="c")
    await fluxo.post({"data": "2024-03-01"}, path=FECHAMENTOS)
    late = {"data": "2024-03-01"}
    entries = [{"referencia_externa": "c"}, {"referencia_externa": "a"}, late, {"referencia_externa": "b"} | late]
    answer = await post(fluxo, *entries, key="k")
    body = answer.json()
    assert (answer.status_code, pointers(answer)) == (
        409,
        [
            "#/lancamentos/1/referencia_externa",
            "#/lancamentos/2/data",
            "#/lancamentos/3/data",
            "#/lancamentos/3/referencia_externa",
        ],
    )
    assert body["fechado_ate"] == "2024-03-01"
    assert body["existentes"] == {
        "#/lancamentos/1/referencia_externa": theirs[0]["id"],
        "#/lancamentos/3/referencia_externa": theirs[1]["id"],
    }
    assert (await fluxo.entries(), await fluxo.events()) == (2, 2)
    assert (await post(fluxo, entries[0], key="k")).status_code == 201, "a refusal is not kept under the key"


async def test_a_key_is_for_one_lote(fluxo: Fluxo) -> None:
    """The same lote replays, whatever the order of its fields, also after its day was closed; another, or a single entry, is a 422."""
    entries: list[dict[str, object]] = [{"data": "2024-03-01"}, {"data": "2024-03-01", "valor": 3}]
    first = await post(fluxo, *entries, key="k")
    await fluxo.post({"data": "2024-03-01"}, path=FECHAMENTOS)
    again = await post(fluxo, *(dict(reversed(one.items())) for one in entries), key="k")
    assert (again.status_code, again.content, again.headers["Idempotency-Replayed"]) == (201, first.content, "true")
    assert (await post(fluxo, *reversed(entries), key="k")).status_code == 422
    single = await fluxo.post({"tipo": "credito", "valor": 100, "data": "2024-03-01"}, key="k")
    assert (single.status_code, single.json()["erros"][0]["ponteiro"]) == (422, "Idempotency-Key")
    await fluxo.record()
    assert (await fluxo.entries(), await fluxo.events()) == (3, 3)


async def test_an_answer_outlives_the_process(engine: AsyncEngine, issuer: Issuer) -> None:
    """What one process recorded another replays."""
    merchant = uuid4()
    async with serving(engine, issuer, Limits()) as one:
        first = await post(one.of(merchant), {}, {}, key="k")
    async with serving(engine, issuer, Limits()) as other:
        again = await post(other.of(merchant), {}, {}, key="k")
        assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
        assert await other.of(merchant).entries() == 2


async def test_racers_with_one_key_record_one_lote(engine: AsyncEngine, issuer: Issuer) -> None:
    """Of many at once in two processes exactly one records; the others replay it or are told that it is in flight."""
    async with serving(engine, issuer, Limits()) as a, serving(engine, issuer, Limits()) as b:
        clients = [a, b.of(a.comerciante_id)] * (RACERS // 2)
        entries = [{"valor": number, "referencia_externa": f"r{number}"} for number in range(1, 51)]
        answers = await asyncio.gather(*(post(one, *entries, key="corrida") for one in clients))
        fresh = [one for one in answers if one.status_code == 201 and "Idempotency-Replayed" not in one.headers]
        assert len(fresh) == 1
        assert {one.status_code for one in answers} <= {201, 409}
        assert {one.content for one in answers if one.status_code == 201} == {fresh[0].content}
        assert all(one.headers["Retry-After"] for one in answers if one.status_code == 409)
        assert (await a.entries(), await a.events()) == (50, 50)


async def test_a_lote_in_flight_is_said_to_be(fluxo: Fluxo, engine: AsyncEngine) -> None:
    """While its first sending waits in the database the second is a 409, and another body under the key a 422."""
    claim = Claim(
        comerciante_id=fluxo.comerciante_id,
        chave="k",
        registro_id=uuid7(),
        impressao=bytes(32),
        answer=Answer(status=201, corpo=b""),
        created_at=datetime.now(UTC),
    )
    async with engine.connect() as holder:
        await repository.insert_claim(holder, claim)  # never committed: the key's row is held by another process
        sent = [asyncio.create_task(post(fluxo, {}, key="k")) for _ in range(2)]
        try:
            (refused,), (waiting,) = await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED, timeout=60)
            other = await post(fluxo, {"valor": 1}, key="k")
        finally:
            await holder.rollback()
        first = await waiting
    assert (refused.result().status_code, refused.result().headers["Retry-After"]) == (409, "1")
    assert (other.status_code, first.status_code) == (422, 201)
    assert await fluxo.entries() == 1


@pytest.mark.parametrize("rows", [1, 100])
async def test_racers_with_one_reference_record_it_once_and_lotes_stay_whole(engine: AsyncEngine, issuer: Issuer, rows: int) -> None:
    """Lotes and single entries of two processes that share one reference: one wins; every lote is there as a whole or not at all."""
    async with serving(engine, issuer, Limits(rows=rows)) as a, serving(engine, issuer, Limits(rows=rows)) as b:
        clients = [a, b.of(a.comerciante_id)]
        recorded = 0
        for turn in range(3):
            shared = {"referencia_externa": f"disputada-{turn}"}
            requests = []
            for number in range(RACERS // 2):
                client = clients[number % 2]
                requests.append(client.post({"tipo": "credito", "valor": 1, **shared}))
                others = [{"referencia_externa": f"{turn}-{number}-{other}"} for other in range(9)]
                requests.append(post(client, *others[:4], shared, *others[4:]))
            answers = await asyncio.gather(*requests)
            assert {one.status_code for one in answers} == {201, 409}
            (winner,) = [one for one in answers if one.status_code == 201]
            body = winner.json()
            holder = body["itens"][4]["id"] if "itens" in body else body["id"]
            for one in answers[::2]:
                assert one is winner or one.json()["existente"] == holder
            for one in answers[1::2]:
                assert one is winner or one.json()["existentes"] == {"#/lancamentos/4/referencia_externa": holder}
            recorded += len(body.get("itens", [body]))
            assert (await a.entries(), await a.events()) == (recorded, recorded)


async def test_lotes_that_overlap_never_leave_a_part(engine: AsyncEngine, issuer: Issuer) -> None:
    """Lotes whose references overlap, each sent in another order: what is recorded is a set of whole lotes without one in common."""
    async with serving(engine, issuer, Limits()) as a, serving(engine, issuer, Limits()) as b:
        clients = [a, b.of(a.comerciante_id)]
        wanted = [[(first + step) % RACERS for step in range(8)][:: -1 if first % 2 else 1] for first in range(RACERS)]
        answers = await asyncio.gather(
            *(post(clients[first % 2], *({"referencia_externa": f"s{one}"} for one in names)) for first, names in enumerate(wanted))
        )
        assert {one.status_code for one in answers} == {201, 409}
        won = sorted(name for names, one in zip(wanted, answers, strict=True) if one.status_code == 201 for name in names)
        assert len(set(won)) == len(won)
        assert sorted(one["referencia_externa"] for one in await listed(a)) == sorted(f"s{name}" for name in won)
        assert await a.events() == len(won)


async def test_a_receipt_counts_whole_lotes(engine: AsyncEngine, issuer: Issuer) -> None:
    """Lotes against the closing of their day: the receipt holds those that got 201, and of no lote a part."""
    async with serving(engine, issuer, Limits()) as a, serving(engine, issuer, Limits()) as b:
        await a.record(data="2024-03-01", valor=1)
        clients = [a, b.of(a.comerciante_id)]
        entries = [{"data": "2024-03-01", "valor": 1}] * 10
        closed, *answers = await asyncio.gather(
            a.post({"data": "2024-03-01"}, path=FECHAMENTOS), *(post(clients[number % 2], *entries) for number in range(RACERS))
        )
        assert closed.status_code == 201, closed.text
        assert {one.status_code for one in answers} <= {201, 409}
        recorded = 1 + 10 * sum(one.status_code == 201 for one in answers)
        assert (closed.json()["quantidade"], await a.entries()) == (recorded, recorded)
        refused = [one for one in answers if one.status_code == 409]
        assert all(pointers(one) == [f"#/lancamentos/{index}/data" for index in range(10)] for one in refused)


async def test_a_connection_cut_within_the_transaction_leaves_nothing(fluxo: Fluxo, migrated: Database) -> None:
    """Cut off between its claim and its entries a lote is a 503; nothing of it is there, its key is free, and sent again it is recorded."""
    held = Registro(
        id=uuid7(),
        comerciante_id=fluxo.comerciante_id,
        tipo=Tipo.CREDITO,
        valor=1,
        moeda="BRL",
        data=datetime.now(UTC).date(),
        ocorrido_em=None,
        registrado_em=datetime.now(UTC),
        descricao=None,
        referencia_externa="presa",
        metadados={},
    )
    entries = [{"referencia_externa": "antes"}, {"referencia_externa": "presa"}, {}]
    async with fluxo.engine.connect() as holder:
        await repository.insert_entries(holder, [held])  # never committed
        sent = asyncio.create_task(post(fluxo, *entries, key="k"))
        async with asyncio.timeout(60):
            while not (waiting := migrated.query(RUNNING, "INSERT INTO lancamento %")):  # noqa: ASYNC110 # the server has no event to wait for
                await asyncio.sleep(0.02)
        migrated.query(f"KILL {waiting[0][0]}")
        cut = await sent
        assert (cut.status_code, "Retry-After" in cut.headers) == (503, True)
        assert (await fluxo.entries(), await fluxo.events()) == (0, 0)
        await holder.rollback()
    again = await post(fluxo, *entries, key="k")
    assert (again.status_code, "Idempotency-Replayed" in again.headers) == (201, False)
    assert (await fluxo.entries(), await fluxo.events()) == (3, 3)
