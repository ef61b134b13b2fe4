"""POST and GET of entries over a real database."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.dominio import MAIOR_VALOR
from caixa_comum.events import LANCAMENTO_REGISTRADO, decode
from caixa_fluxo.group_commit import Limits
from caixa_fluxo.tables import outbox
from tests.integration.fluxo.conftest import Fluxo, serving
from tests.issuer import Issuer

RACERS = 48


async def test_an_entry_is_recorded_and_can_be_read_again(fluxo: Fluxo) -> None:
    """The 201 carries every field, Location leads to the same entry, and text survives exactly."""
    sent = {
        "tipo": "debito",
        "valor": MAIOR_VALOR,
        "moeda": "USD",
        "data": "2020-02-29",
        "ocorrido_em": "2020-02-29T23:30:00.123456-03:00",
        "descricao": "pão de queijo 🧀 'aspas'",
        "referencia_externa": "pdv-1/0001 ção",
        "metadados": {"caixa": "3", "operador": "Zoé"},
    }
    answer = await fluxo.post(sent)
    body = answer.json()
    assert answer.status_code == 201
    assert body | sent | {"ocorrido_em": "2020-03-01T02:30:00.123456Z"} == body
    assert list(body) == [
        "id", "tipo", "valor", "moeda", "data", "descricao", "ocorrido_em", "registrado_em",
        "referencia_externa", "metadados", "estorna_id", "estornado_por",
    ]  # fmt: skip
    assert answer.headers["Location"] == f"/api/v1/lancamentos/{body['id']}"
    assert UUID(body["id"]).version == 7
    assert "Idempotency-Replayed" not in answer.headers
    read = await fluxo.get(f"/{body['id']}")
    assert (read.status_code, read.json()) == (200, body)


async def test_what_is_left_out_has_its_default(fluxo: Fluxo) -> None:
    """Currency BRL, today in the merchant's zone, nothing else."""
    before = datetime.now(ZoneInfo("America/Sao_Paulo")).date()
    body = await fluxo.record()
    after = datetime.now(ZoneInfo("America/Sao_Paulo")).date()
    assert before.isoformat() <= body["data"] <= after.isoformat()
    assert (body["moeda"], body["descricao"], body["metadados"], body["referencia_externa"]) == ("BRL", None, {}, None)
    assert abs(datetime.fromisoformat(body["registrado_em"]) - datetime.now(UTC)) < timedelta(minutes=5)


async def test_the_day_is_the_merchants_and_not_ours(engine: AsyncEngine, issuer: Issuer) -> None:
    """In the easternmost zone it is a day later than in the westernmost, at any instant."""
    async with serving(engine, issuer, Limits()) as fluxo:
        days = []
        for fuso in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
            token = issuer.token(uuid4(), fuso=fuso)
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "1"}
            answer = await fluxo.client.post("/api/v1/lancamentos", headers=headers, json={"tipo": "credito", "valor": 1})
            days.append(answer.json()["data"])
    assert days[0] > days[1]


async def test_the_event_is_committed_with_its_entry(fluxo: Fluxo, engine: AsyncEngine) -> None:
    """The outbox has one row under the entry's id, whose payload is the CloudEvent with the request's trace."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    headers = fluxo.headers("k") | {"traceparent": trace}
    answer = await fluxo.client.post("/api/v1/lancamentos", headers=headers, json={"tipo": "credito", "valor": 7, "data": "2024-01-31"})
    body = answer.json()
    async with engine.connect() as connection:
        row = (await connection.execute(select(outbox).where(outbox.c.event_id == UUID(body["id"])))).one()
    event = decode(row.payload)
    assert (row.routing_key, row.traceparent, event.id) == (LANCAMENTO_REGISTRADO, trace, UUID(body["id"]))
    assert msgspec.to_builtins(event.data) | {"registrado_em": body["registrado_em"]} == {
        "id": body["id"],
        "comerciante_id": str(fluxo.comerciante_id),
        "tipo": "credito",
        "valor": 7,
        "moeda": "BRL",
        "data": "2024-01-31",
        "registrado_em": body["registrado_em"],
        "estorna_id": None,
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tipo", "pix"),
        ("valor", 0),
        ("valor", -1),
        ("valor", 1.5),
        ("valor", "1"),
        ("valor", True),
        ("valor", MAIOR_VALOR + 1),
        ("valor", 10**30),
        ("moeda", "XXX"),
        ("moeda", "real"),
        ("data", "9999-12-31"),
        ("data", "0001-01-01"),
        ("data", "2023-02-29"),
        ("ocorrido_em", "2024-01-01T00:00:00"),
        ("ocorrido_em", "0001-01-01T00:00:00+14:00"),
        ("ocorrido_em", "9999-12-31T23:59:59-14:00"),
        ("descricao", "x" * 141),
        ("referencia_externa", ""),
        ("referencia_externa", "x" * 101),
        ("metadados", {str(number): "" for number in range(21)}),
        ("surpresa", 1),
    ],
)
async def test_a_wrong_field_is_pointed_at(fluxo: Fluxo, field: str, value: object) -> None:
    """Each wrong field is a 422 whose pointer names it, and nothing is recorded."""
    answer = await fluxo.post({"tipo": "credito", "valor": 100, field: value})
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["erros"][0]["ponteiro"] == f"#/{field}"
    assert await fluxo.entries() == 0


@pytest.mark.parametrize("key", [None, "", "x" * 256, "ação"])
async def test_a_post_needs_a_usable_idempotency_key(fluxo: Fluxo, key: str | None) -> None:
    """Without one, or with one that is empty, too long or not ASCII, the answer is a 400."""
    headers = {name.encode(): value.encode() for name, value in fluxo.headers(key).items()}
    answer = await fluxo.client.post("/api/v1/lancamentos", headers=headers, json={"tipo": "credito", "valor": 1})
    assert (answer.status_code, answer.json()["erros"][0]["ponteiro"]) == (400, "Idempotency-Key")


async def test_a_replay_is_the_original_answer(fluxo: Fluxo) -> None:
    """The same request under the same key answers the same bytes, marked, and records nothing more; other merchants' keys are others."""
    body = {"tipo": "credito", "valor": 5, "metadados": {"b": "1", "a": "2"}}
    first = await fluxo.post(body, key="chave")
    again = await fluxo.post(dict(reversed(body.items())), key="chave")
    assert (again.status_code, again.content, again.headers["Location"]) == (201, first.content, first.headers["Location"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await fluxo.entries(), await fluxo.events()) == (1, 1)
    other = await fluxo.of(uuid4()).post(body, key="chave")
    assert (other.status_code, "Idempotency-Replayed" in other.headers) == (201, False)


async def test_a_key_is_for_one_request(fluxo: Fluxo) -> None:
    """Another body under a used key is a 422; keys that differ in case or in a trailing space are different keys."""
    await fluxo.post({"tipo": "credito", "valor": 5}, key="chave")
    assert (await fluxo.post({"tipo": "credito", "valor": 6}, key="chave")).status_code == 422
    for key in ("Chave", "cha ve"):
        assert (await fluxo.post({"tipo": "credito", "valor": 6}, key=key)).status_code == 201
    assert await fluxo.entries() == 3


async def test_a_reference_is_for_one_entry_for_ever(fluxo: Fluxo) -> None:
    """A second entry with the merchant's reference is a 409 that names the first; near misses and other merchants are free."""
    first = await fluxo.record(referencia_externa="nota-1")
    again = await fluxo.post({"tipo": "debito", "valor": 3, "referencia_externa": "nota-1"}, key="outra")
    assert (again.status_code, again.json()["existente"]) == (409, first["id"])
    assert again.json()["erros"][0]["ponteiro"] == "#/referencia_externa"
    for near in ("nota-1 ", "NOTA-1", "nóta-1"):
        await fluxo.record(referencia_externa=near)
    await fluxo.of(uuid4()).record(referencia_externa="nota-1")
    retried = await fluxo.post({"tipo": "debito", "valor": 3, "referencia_externa": "nota-2"}, key="outra")
    assert retried.status_code == 201, "a refusal is not kept under the key"


async def test_another_merchants_entry_does_not_exist(fluxo: Fluxo) -> None:
    """Their entry, an entry that never was, and what is no id at all are 404 alike."""
    theirs = await fluxo.of(uuid4()).record()
    for name in (theirs["id"], str(uuid4()), "abc"):
        answer = await fluxo.get(f"/{name}")
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("rows", [1, 100])
async def test_racers_with_one_key_record_one_entry(engine: AsyncEngine, issuer: Issuer, rows: int) -> None:
    """Of many at once exactly one records; the others replay it or are told that it is in flight."""
    async with serving(engine, issuer, Limits(rows=rows)) as fluxo:
        body = {"tipo": "credito", "valor": 9}
        answers = await asyncio.gather(*(fluxo.post(body, key="corrida") for _ in range(RACERS)))
        fresh = [one for one in answers if one.status_code == 201 and "Idempotency-Replayed" not in one.headers]
        assert len(fresh) == 1
        assert {one.status_code for one in answers} <= {201, 409}
        assert all(one.headers["Retry-After"] for one in answers if one.status_code == 409)
        assert (await fluxo.post(body, key="corrida")).content == fresh[0].content
        assert (await fluxo.entries(), await fluxo.events()) == (1, 1)


async def test_racers_of_several_processes_with_one_key_record_one_entry(engine: AsyncEngine, issuer: Issuer) -> None:
    """Several APIs that know nothing of each other still record once: the rest replay, byte for byte."""
    async with serving(engine, issuer, Limits()) as a, serving(engine, issuer, Limits()) as b, serving(engine, issuer, Limits(rows=1)) as c:
        clients = [Fluxo(one.client, engine, issuer, a.comerciante_id) for one in (a, b, c)]
        for turn in range(10):
            answers = await asyncio.gather(*(one.post({"tipo": "credito", "valor": 9}, key=f"k{turn}") for one in clients))
            assert [one.status_code for one in answers] == [201] * 3
            assert len({one.content for one in answers}) == 1
            assert sum("Idempotency-Replayed" in one.headers for one in answers) == 2
        assert (await a.entries(), await a.events()) == (10, 10)


@pytest.mark.parametrize("rows", [1, 100])
async def test_racers_with_one_reference_record_one_entry(engine: AsyncEngine, issuer: Issuer, rows: int) -> None:
    """Of many keys with one reference one records; each other gets a 409 that names it, and neighbours are not touched."""
    async with serving(engine, issuer, Limits(rows=rows)) as fluxo:
        same = [fluxo.post({"tipo": "credito", "valor": 9, "referencia_externa": "nf-7"}) for _ in range(RACERS)]
        neighbours = [fluxo.post({"tipo": "debito", "valor": 1, "referencia_externa": f"nf-x{number}"}) for number in range(RACERS)]
        answers = await asyncio.gather(*(one for pair in zip(same, neighbours, strict=True) for one in pair))
        racers, others = answers[::2], answers[1::2]
        (winner,) = [one for one in racers if one.status_code == 201]
        assert {one.json()["existente"] for one in racers if one is not winner} == {winner.json()["id"]}
        assert {one.status_code for one in racers} == {201, 409}
        assert {one.status_code for one in others} == {201}
        assert (await fluxo.entries(), await fluxo.events()) == (RACERS + 1, RACERS + 1)


async def test_one_bad_apple_leaves_the_batch_alone(engine: AsyncEngine, issuer: Issuer) -> None:
    """Replays, reused keys and taken references among fresh entries: each gets its own answer, whatever batch it is in."""
    async with serving(engine, issuer, Limits()) as fluxo:
        await fluxo.post({"tipo": "credito", "valor": 1, "referencia_externa": "r"}, key="k")
        requests = []
        for number in range(RACERS):
            requests += [
                fluxo.post({"tipo": "credito", "valor": 2 + number}),
                fluxo.post({"tipo": "credito", "valor": 2, "referencia_externa": "r"}),
                fluxo.of(uuid4()).post({"tipo": "credito", "valor": 2, "referencia_externa": "r"}, key="k"),
            ]
        answers = await asyncio.gather(*requests)
        reused = await fluxo.post({"tipo": "credito", "valor": 2}, key="k")
    assert [one.status_code for one in answers] == [201, 409, 201] * RACERS
    assert reused.status_code == 422
