"""The list of entries over a real database."""

from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.fluxo.conftest import Fluxo


async def pages(fluxo: Fluxo, **parameters: str | int) -> list[list[dict[str, Any]]]:  # Any: JSON
    """Follow the cursors to the end."""
    found = []
    while True:
        answer = await fluxo.get("", **parameters)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["itens"])
        if (proximo := answer.json()["proximo"]) is None:
            return found
        parameters["cursor"] = proximo


async def test_pages_hold_every_entry_once_newest_first(fluxo: Fluxo) -> None:
    """Days go backwards, and within a day the newest record is first; the last page has no next one; strangers see nothing."""
    recorded = [await fluxo.record(data=f"2024-01-0{1 + number % 3}", valor=1 + number) for number in range(11)]
    found = await pages(fluxo, limit=3)
    flat = [one for page in found for one in page]
    assert [len(page) for page in found] == [3, 3, 3, 2]
    assert sorted(flat, key=lambda one: one["id"]) == recorded
    assert all((after["data"], after["id"]) < (before["data"], before["id"]) for before, after in pairwise(flat))
    assert await pages(fluxo.of(uuid4())) == [[]]


async def test_a_cursor_is_stable_while_others_record(fluxo: Fluxo) -> None:
    """Entries recorded between two pages, before and behind the cursor, make none of the earlier ones repeat or vanish."""
    before = {(await fluxo.record(data="2024-01-02"))["id"] for _ in range(6)}
    first = (await fluxo.get("", limit=2)).json()
    await fluxo.record(data="2024-01-02")
    await fluxo.record(data="2024-01-03")
    behind = (await fluxo.record(data="2024-01-01"))["id"]
    rest = await pages(fluxo, limit=2, cursor=first["proximo"])
    seen = [one["id"] for one in first["itens"]] + [one["id"] for page in rest for one in page]
    assert len(seen) == len(set(seen))
    assert set(seen) == before | {behind}


async def test_filters_choose_together(fluxo: Fluxo) -> None:
    """Days, kind, currency and reference each narrow the list, and all must hold."""
    a = await fluxo.record(data="2024-01-01", tipo="debito", moeda="USD")
    b = await fluxo.record(data="2024-01-02", moeda="USD", referencia_externa="nf 1/é")
    c = await fluxo.record(data="2024-01-03")

    async def ids(**parameters: str) -> list[str]:
        return [one["id"] for page in await pages(fluxo, limit=1, **parameters) for one in page]

    assert await ids() == [c["id"], b["id"], a["id"]]
    assert await ids(moeda="USD") == [b["id"], a["id"]]
    assert await ids(data_inicial="2024-01-02") == [c["id"], b["id"]]
    assert await ids(data_final="2024-01-02", moeda="USD", tipo="debito") == [a["id"]]
    assert await ids(referencia_externa="nf 1/é") == [b["id"]]
    assert await ids(referencia_externa="NF 1/é") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("data_inicial", "2024-1-1"),
        ("data_inicial", "2023-02-29"),
        ("data_final", "ontem"),
        ("tipo", "pix"),
        ("moeda", "brl"),
        ("referencia_externa", ""),
        ("referencia_externa", "x" * 101),
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "dez"),
        ("cursor", "abc"),
        ("cursor", "ção"),
        ("surpresa", "1"),
    ],
)
async def test_a_wrong_parameter_is_pointed_at(fluxo: Fluxo, name: str, value: str) -> None:
    """Each is a 400 whose pointer names it."""
    answer = await fluxo.get("", **{name: value})
    assert (answer.status_code, answer.json()["erros"][0]["ponteiro"]) == (400, f"/{name}"), answer.text


async def test_a_cursor_is_for_its_own_filters(fluxo: Fluxo) -> None:
    """With other filters it is a 400 that says so, instead of a page that skips entries."""
    for _ in range(2):
        await fluxo.record()
    cursor = (await fluxo.get("", limit=1, tipo="credito")).json()["proximo"]
    assert (await fluxo.get("", limit=1, tipo="credito", cursor=cursor)).status_code == 200
    answer = await fluxo.get("", limit=1, cursor=cursor)
    assert (answer.status_code, answer.json()["erros"][0]["ponteiro"]) == (400, "/cursor")
