"""Each uniqueness rule under racers that ask two APIs which share nothing but the database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import date, datetime
from uuid import uuid4

import httpx
import msgspec
import pytest

from caixa_comum.database import create_engine
from caixa_fluxo.fechamento import Recibo
from caixa_fluxo.group_commit import Limits
from tests.integration.fluxo.conftest import LANCAMENTOS, SCHEMA, Fluxo, serving
from tests.issuer import Issuer
from tests.local.database import Database

FECHAMENTOS = "/api/v1/fechamentos"
DIA = "2024-03-01"
RACERS = 40
Pair = tuple[Fluxo, Fluxo]


@pytest.fixture(params=[1, 100], ids=["alone", "grouped"])
async def pair(request: pytest.FixtureRequest, migrated: Database, issuer: Issuer) -> AsyncIterator[Pair]:
    """Give one merchant's clients of two APIs, each with its own engine; entries are committed alone or in groups."""
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(2):
            engine = create_engine(migrated.settings("fluxo", SCHEMA))
            stack.push_async_callback(engine.dispose)
            clients.append(await stack.enter_async_context(serving(engine, issuer, Limits(rows=request.param))))
        yield clients[0], clients[1].of(clients[0].comerciante_id)


async def race(pair: Pair, ask: Callable[[Fluxo, int], Awaitable[httpx.Response]], racers: int = RACERS) -> list[httpx.Response]:
    """Let the racers ask at once, every other one the other API."""
    return await asyncio.gather(*(ask(pair[number % 2], number) for number in range(racers)))


def fresh(answers: list[httpx.Response]) -> list[httpx.Response]:
    """Give the answers that recorded something."""
    return [one for one in answers if one.status_code == 201 and "Idempotency-Replayed" not in one.headers]


async def receipts(fluxo: Fluxo) -> list[Recibo]:
    """Give the merchant's receipts, oldest first."""
    answer = await fluxo.client.get(f"{FECHAMENTOS}/exportacao", headers=fluxo.headers(None))
    return [msgspec.json.decode(line, type=Recibo) for line in answer.content.splitlines()]


async def entries_of_day(fluxo: Fluxo) -> int:
    """Count the day's entries as the list shows them."""
    answer = await fluxo.get("", data_inicial=DIA, data_final=DIA, limit=500)
    return len(answer.json()["itens"])


async def test_one_key_records_one_entry(pair: Pair) -> None:
    """One racer records; the others replay its bytes or are told that it is in flight, and later all get those bytes from both."""
    body = {"tipo": "credito", "valor": 9}
    answers = await race(pair, lambda fluxo, _: fluxo.post(body, key="corrida"))
    (winner,) = fresh(answers)
    assert {one.status_code for one in answers} <= {201, 409}
    assert {one.content for one in answers if one.status_code == 201} == {winner.content}
    assert all(one.headers["Retry-After"] for one in answers if one.status_code == 409)
    assert {(await fluxo.post(body, key="corrida")).content for fluxo in pair} == {winner.content}
    assert (await pair[0].entries(), await pair[0].events()) == (1, 1)


async def test_one_key_stands_for_one_of_many_bodies(pair: Pair) -> None:
    """Racers with bodies of their own under one key: one is recorded, and every other body is a 422."""
    answers = await race(pair, lambda fluxo, number: fluxo.post({"tipo": "credito", "valor": 1 + number}, key="corrida"))
    (winner,) = fresh(answers)
    assert [one.status_code for one in answers if one is not winner] == [422] * (RACERS - 1)
    assert (await pair[0].entries(), await pair[0].events()) == (1, 1)


async def test_one_reference_records_one_entry(pair: Pair) -> None:
    """Each racer has a key of its own; every loser's 409 names the winner, and its key stays free."""
    answers = await race(pair, lambda fluxo, _: fluxo.post({"tipo": "credito", "valor": 9, "referencia_externa": "nf-7"}))
    (winner,) = fresh(answers)
    losers = [one for one in answers if one is not winner]
    assert {(one.status_code, one.json()["existente"]) for one in losers} == {(409, winner.json()["id"])}
    assert (await pair[0].entries(), await pair[0].events()) == (1, 1)


async def test_one_entry_is_reversed_once(pair: Pair) -> None:
    """Every loser's 409 names the estorno that there is."""
    original = await pair[0].record(data=DIA)
    answers = await race(pair, lambda fluxo, _: fluxo.post(path=f"{LANCAMENTOS}/{original['id']}/estorno"))
    (winner,) = fresh(answers)
    losers = [one for one in answers if one is not winner]
    assert {(one.status_code, one.json()["existente"]) for one in losers} == {(409, winner.json()["id"])}
    assert (await pair[1].get(f"/{original['id']}")).json()["estornado_por"] == winner.json()["id"]
    assert (await pair[0].entries(), await pair[0].events()) == (2, 2)


async def test_one_day_is_closed_once(pair: Pair) -> None:
    """Every loser's 409 carries the receipt that there is; those who share the winner's key replay it."""
    await pair[0].record(data=DIA)
    answers = await race(pair, lambda fluxo, number: fluxo.post({"data": DIA}, path=FECHAMENTOS, key=f"k{number % 8}"))
    (winner,) = fresh(answers)
    assert {one.status_code for one in answers} <= {201, 409}
    assert {one.content for one in answers if one.status_code == 201} == {winner.content}
    assert {one.json()["recibo"]["hash"] for one in answers if one.status_code == 409} == {winner.json()["hash"]}
    assert [one.hash for one in await receipts(pair[1])] == [winner.json()["hash"]]


async def test_days_closed_at_once_make_one_chain(pair: Pair) -> None:
    """Closings of different days in any order: every day has one receipt, chained to that of the day before."""
    await pair[0].record(data=DIA)
    days = [f"2024-03-{day:02}" for day in range(1, 17)]
    answers = await race(pair, lambda fluxo, number: fluxo.post({"data": days[number % 16]}, path=FECHAMENTOS), 32)
    assert {one.status_code for one in answers} <= {201, 409}
    found = await receipts(pair[0])
    assert [str(one.data) for one in found] == days
    assert [one.hash_anterior for one in found] == [None, *(one.hash for one in found[:-1])]


async def test_a_receipt_counts_the_entries_that_got_in(pair: Pair) -> None:
    """Entries that race with the closing of their day get 201 and are in the receipt, or 409 and are nowhere."""
    await pair[0].record(data=DIA)

    async def ask(fluxo: Fluxo, number: int) -> httpx.Response:
        if number == RACERS // 2:
            return await fluxo.post({"data": DIA}, path=FECHAMENTOS)
        await asyncio.sleep(0.001 * (number % 8))
        return await fluxo.post({"tipo": "credito", "valor": 1, "data": DIA})

    answers = await race(pair, ask)
    closed = answers.pop(RACERS // 2)
    assert closed.status_code == 201, closed.text
    assert {one.status_code for one in answers} <= {201, 409}
    assert closed.json()["quantidade"] == 1 + len(fresh(answers)) == await entries_of_day(pair[1])


async def test_estornos_that_race_with_the_closing_are_in_its_receipt_or_of_today(pair: Pair) -> None:
    """Each is recorded once, on the day while it was open, else today; the receipt counts exactly those on the day."""
    originals = [await pair[number % 2].record(data=DIA) for number in range(32)]

    async def ask(fluxo: Fluxo, number: int) -> httpx.Response:
        if number == 16:
            return await fluxo.post({"data": DIA}, path=FECHAMENTOS)
        await asyncio.sleep(0.002 * (number % 8))
        return await fluxo.post(path=f"{LANCAMENTOS}/{originals[number]['id']}/estorno")

    answers = await race(pair, ask, 32)
    closed = answers.pop(16)
    assert {one.status_code for one in answers} == {201}
    days = [one.json()["data"] for one in answers]
    assert all(
        day == DIA or date.fromisoformat(day) > datetime.fromisoformat(closed.json()["fechado_em"]).date().replace(day=1) for day in days
    )
    assert closed.json()["quantidade"] == len(originals) + days.count(DIA) == await entries_of_day(pair[0])


async def test_other_merchants_do_not_notice_a_race(pair: Pair) -> None:
    """Neighbours in the same batches, with the same keys and references, are recorded each for themselves."""
    body = {"tipo": "debito", "valor": 3, "referencia_externa": "nf-7"}
    answers = await race(pair, lambda fluxo, number: (fluxo if number % 4 < 2 else fluxo.of(uuid4())).post(body, key="corrida"))
    neighbours = [one for number, one in enumerate(answers) if number % 4 >= 2]
    assert [one.status_code for one in neighbours] == [201] * (RACERS // 2)
    assert len(fresh([one for number, one in enumerate(answers) if number % 4 < 2])) == 1
