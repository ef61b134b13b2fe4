"""Reversing entries over a real database."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_fluxo.group_commit import Limits
from tests.integration.fluxo.conftest import LANCAMENTOS, Fluxo, serving
from tests.issuer import Issuer

RACERS = 32


def path(entry_id: object) -> str:
    """Give the path that reverses an entry."""
    return f"{LANCAMENTOS}/{entry_id}/estorno"


async def test_an_estorno_is_the_opposite_entry_linked_both_ways(fluxo: Fluxo) -> None:
    """Same value, currency and day, the other kind; each of the two names the other, and the estorno has its own event."""
    original = await fluxo.record(valor=750, moeda="USD", data="2024-05-06", referencia_externa="nf-1", metadados={"a": "b"})
    answer = await fluxo.post({"descricao": "troca"}, path=path(original["id"]))
    assert answer.status_code == 201, answer.text
    estorno = answer.json()
    assert answer.headers["Location"] == f"{LANCAMENTOS}/{estorno['id']}"
    assert estorno | {
        "tipo": "debito", "valor": 750, "moeda": "USD", "data": "2024-05-06", "descricao": "troca",
        "referencia_externa": None, "metadados": {}, "estorna_id": original["id"], "estornado_por": None,
    } == estorno  # fmt: skip
    assert (await fluxo.get(f"/{original['id']}")).json() == original | {"estornado_por": estorno["id"]}
    assert (await fluxo.entries(), await fluxo.events()) == (2, 2)


async def test_a_second_estorno_is_told_of_the_first(fluxo: Fluxo) -> None:
    """Another key gets a 409 that names it; the same key replays the answer; nothing more is recorded."""
    original = await fluxo.record()
    first = await fluxo.post(key="k", path=path(original["id"]))
    again = await fluxo.post(path=path(original["id"]))
    assert (again.status_code, again.json()["existente"]) == (409, first.json()["id"])
    replay = await fluxo.post(key="k", path=path(original["id"]))
    assert (replay.content, replay.headers["Idempotency-Replayed"]) == (first.content, "true")
    assert (await fluxo.post({"descricao": "outra"}, key="k", path=path(original["id"]))).status_code == 422
    assert await fluxo.entries() == 2


async def test_an_estorno_is_not_reversed_and_strangers_reverse_nothing(fluxo: Fluxo) -> None:
    """409 for an estorno; 404 for another merchant's entry and for none; 400 without a key; 422 for a wrong body."""
    original = await fluxo.record()
    estorno = (await fluxo.post(path=path(original["id"]))).json()
    assert (await fluxo.post(path=path(estorno["id"]))).json()["estorna_id"] == original["id"]
    other = await fluxo.record()
    assert (await fluxo.of(uuid4()).post(path=path(other["id"]))).status_code == 404
    assert (await fluxo.post(path=path(uuid4()))).status_code == 404
    assert (await fluxo.client.post(path(other["id"]), headers=fluxo.headers(None))).status_code == 400
    wrong = await fluxo.post({"valor": 1}, path=path(other["id"]))
    assert (wrong.status_code, wrong.json()["erros"][0]["ponteiro"]) == (422, "#/valor")
    assert await fluxo.entries() == 3


@pytest.mark.parametrize("rows", [1, 100])
async def test_racers_reverse_an_entry_once(engine: AsyncEngine, issuer: Issuer, rows: int) -> None:
    """Of many at once one reverses it; each other is told by which entry, and neighbours in the batch are recorded."""
    async with serving(engine, issuer, Limits(rows=rows)) as fluxo:
        original = await fluxo.record()
        requests = []
        for number in range(RACERS):
            requests += [fluxo.post(path=path(original["id"])), fluxo.post({"tipo": "debito", "valor": 1 + number})]
        answers = await asyncio.gather(*requests)
        racers, neighbours = answers[::2], answers[1::2]
        (winner,) = [one for one in racers if one.status_code == 201]
        assert {one.json()["existente"] for one in racers if one is not winner} == {winner.json()["id"]}
        assert {one.status_code for one in neighbours} == {201}
        assert (await fluxo.entries(), await fluxo.events()) == (RACERS + 2, RACERS + 2)
