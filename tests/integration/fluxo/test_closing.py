"""Closing days over a real database, also against entries that are in the air."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.events import DIA_FECHADO, DiaFechado, decode
from caixa_fluxo.fechamento import Recibo, digest
from caixa_fluxo.group_commit import Limits
from caixa_fluxo.tables import outbox
from tests.integration.fluxo.conftest import LANCAMENTOS, Fluxo, serving
from tests.issuer import Issuer

FECHAMENTOS = "/api/v1/fechamentos"
RACERS = 32


async def receipts(fluxo: Fluxo) -> list[Recibo]:
    """Give the merchant's receipts, oldest first, from the export."""
    answer = await fluxo.client.get(f"{FECHAMENTOS}/exportacao", headers=fluxo.headers(None))
    assert answer.status_code == 200, answer.text
    return [msgspec.json.decode(line, type=Recibo) for line in answer.content.splitlines()]


async def events(engine: AsyncEngine, ids: list[UUID]) -> dict[UUID, DiaFechado]:
    """Give the closings' events that are in the outbox."""
    async with engine.connect() as connection:
        rows = await connection.execute(select(outbox).where(outbox.c.event_id.in_(ids), outbox.c.routing_key == DIA_FECHADO))
        found = [decode(row.payload).data for row in rows]
    return {one.id: one for one in found if isinstance(one, DiaFechado)}


async def test_closing_a_day_closes_all_up_to_it_and_chains_their_receipts(fluxo: Fluxo) -> None:
    """One receipt a day from the first entry on, empty days too, each with its totals, its hash and its event."""
    await fluxo.record(data="2024-03-01", valor=500)
    await fluxo.record(data="2024-03-01", valor=200, tipo="debito")
    await fluxo.record(data="2024-03-03", valor=7, moeda="USD")
    await fluxo.record(data="2024-03-03", valor=9)
    await fluxo.record(data="2024-03-04", valor=1)
    answer = await fluxo.post({"data": "2024-03-03"}, path=FECHAMENTOS)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{FECHAMENTOS}/2024-03-03"
    found = await receipts(fluxo)
    assert [one.data.day for one in found] == [1, 2, 3]
    assert [[(t.moeda, t.total_creditos, t.total_debitos, t.quantidade) for t in one.totais] for one in found] == [
        [("BRL", 500, 200, 2)],
        [],
        [("BRL", 9, 0, 1), ("USD", 7, 0, 1)],
    ]
    assert [one.hash for one in found] == [digest(one) for one in found]
    assert [one.hash_anterior for one in found] == [None, found[0].hash, found[1].hash]
    assert msgspec.convert(answer.json(), Recibo) == found[2]
    told = await events(fluxo.engine, [one.id for one in found])
    assert [(told[one.id].data, told[one.id].totais, told[one.id].hash) for one in found] == [
        (one.data, one.totais, one.hash) for one in found
    ]
    listed = (await fluxo.client.get(FECHAMENTOS, headers=fluxo.headers(None), params={"limit": 2})).json()
    assert [one["data"] for one in listed["itens"]] == ["2024-03-03", "2024-03-02"]
    rest = (await fluxo.client.get(FECHAMENTOS, headers=fluxo.headers(None), params={"cursor": listed["proximo"]})).json()
    assert ([one["data"] for one in rest["itens"]], rest["proximo"]) == (["2024-03-01"], None)
    assert (await fluxo.client.get(answer.headers["Location"], headers=fluxo.headers(None))).json() == answer.json()


async def test_a_closed_day_takes_no_entry(fluxo: Fluxo) -> None:
    """On it and before it: 409 that points at the day; after it, and for others, all goes on; a kept answer is still replayed."""
    first = await fluxo.post({"tipo": "credito", "valor": 1, "data": "2024-03-01"}, key="antes")
    await fluxo.post({"data": "2024-03-01"}, path=FECHAMENTOS)
    for day in ("2024-03-01", "2023-01-01"):
        answer = await fluxo.post({"tipo": "credito", "valor": 1, "data": day}, key="depois")
        assert (answer.status_code, answer.json()["erros"][0]["ponteiro"]) == (409, "#/data")
    await fluxo.record(data="2024-03-02")
    await fluxo.of(uuid4()).record(data="2024-03-01")
    again = await fluxo.post({"tipo": "credito", "valor": 1, "data": "2024-03-01"}, key="antes")
    assert (again.status_code, again.content) == (201, first.content)


async def test_the_estorno_of_a_closed_days_entry_is_dated_today(fluxo: Fluxo) -> None:
    """While the day is open it is the original's; after the closing it is today, so that the receipt stays true."""
    one, other = [await fluxo.record(data="2024-03-01") for _ in range(2)]
    open_day = (await fluxo.post(path=f"{LANCAMENTOS}/{one['id']}/estorno")).json()
    await fluxo.post({"data": "2024-03-01"}, path=FECHAMENTOS)
    before = datetime.now(ZoneInfo("America/Sao_Paulo")).date()
    closed_day = (await fluxo.post(path=f"{LANCAMENTOS}/{other['id']}/estorno")).json()
    assert open_day["data"] == "2024-03-01"
    assert date.fromisoformat(closed_day["data"]) in {before, before + timedelta(days=1)}


async def test_only_a_day_that_is_over_is_closed_and_only_once(fluxo: Fluxo) -> None:
    """Today is 422; a closed day is 409 with its receipt; the same key replays; a year and more at once is 422."""
    today = datetime.now(ZoneInfo("America/Sao_Paulo")).date()
    for wrong in (today, today + timedelta(days=1), date(1800, 1, 1)):
        answer = await fluxo.post({"data": wrong.isoformat()}, path=FECHAMENTOS)
        assert (answer.status_code, answer.json()["erros"][0]["ponteiro"]) == (422, "#/data")
    first = await fluxo.post({"data": "2024-03-01"}, path=FECHAMENTOS, key="k")
    replay = await fluxo.post({"data": "2024-03-01"}, path=FECHAMENTOS, key="k")
    assert (replay.content, replay.headers["Idempotency-Replayed"]) == (first.content, "true")
    assert (await fluxo.post({"data": "2024-03-02"}, path=FECHAMENTOS, key="k")).status_code == 422
    again = await fluxo.post({"data": "2024-03-01"}, path=FECHAMENTOS)
    assert (again.status_code, again.json()["recibo"]["hash"]) == (409, first.json()["hash"])
    assert (await fluxo.post({"data": "2024-02-01"}, path=FECHAMENTOS)).status_code == 409
    assert (await fluxo.post({"data": "2025-03-03"}, path=FECHAMENTOS)).status_code == 422
    assert len(await receipts(fluxo)) == 1


async def test_racers_close_a_day_once(fluxo: Fluxo) -> None:
    """Of many at once, each under its own key, one closes it, and every other gets that receipt."""
    answers = await asyncio.gather(*(fluxo.post({"data": "2024-03-01"}, path=FECHAMENTOS) for _ in range(RACERS)))
    (winner,) = [one for one in answers if one.status_code == 201]
    assert {one.json()["recibo"]["hash"] for one in answers if one is not winner} == {winner.json()["hash"]}
    assert len(await receipts(fluxo)) == 1


@pytest.mark.parametrize("rows", [1, 100])
async def test_a_receipt_counts_exactly_what_was_recorded_however_they_race(engine: AsyncEngine, issuer: Issuer, rows: int) -> None:
    """Entries in two processes against closings: the receipt holds those that got 201, no more and no less; neighbours are untouched."""
    async with serving(engine, issuer, Limits(rows=rows)) as a, serving(engine, issuer, Limits(rows=rows)) as b:
        other = a.of(uuid4())
        for turn in range(4):
            merchant = uuid4()
            one, two = a.of(merchant), b.of(merchant)
            await one.record(data="2024-03-01", valor=1)

            async def entry(fluxo: Fluxo) -> Any:  # Any: httpx's response
                return await fluxo.post({"tipo": "credito", "valor": 1, "data": "2024-03-01"})

            async def closing(fluxo: Fluxo, delay: float) -> Any:  # Any: httpx's response
                await asyncio.sleep(delay)
                return await fluxo.post({"data": "2024-03-01"}, path=FECHAMENTOS)

            requests = [entry(fluxo) for _ in range(RACERS // 2) for fluxo in (one, two, other)]
            closed, *answers = await asyncio.gather(closing(one, 0.01 * turn), *requests)
            mine = [answer for index, answer in enumerate(answers) if index % 3 != 2]
            neighbours = [answer for index, answer in enumerate(answers) if index % 3 == 2]
            assert closed.status_code == 201, closed.text
            assert {answer.status_code for answer in mine} <= {201, 409}
            assert {answer.status_code for answer in neighbours} == {201}
            recorded = 1 + sum(answer.status_code == 201 for answer in mine)
            assert (closed.json()["quantidade"], closed.json()["totais"][0]["total_creditos"]) == (recorded, recorded)
            assert await one.entries() == recorded
