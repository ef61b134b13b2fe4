"""Exports of entries over a real database."""

import csv
import io

import msgspec
import pytest

from caixa_fluxo import export_routes
from caixa_fluxo.entry_repository import page
from caixa_fluxo.export_routes import Exports
from caixa_fluxo.listing import Filtros
from tests.integration.fluxo.conftest import Fluxo


async def test_ndjson_is_the_list_exactly(fluxo: Fluxo) -> None:
    """Each line is the entry as it is answered alone, in the list's order, and filters are the list's."""
    for number in range(5):
        await fluxo.record(data=f"2024-01-0{1 + number}", moeda="USD" if number % 2 else "BRL", descricao=f"nº {number}\nlinha")
    answer = await fluxo.get("/exportacao", formato="ndjson")
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (200, "application/x-ndjson")
    assert [msgspec.json.decode(line) for line in answer.content.splitlines()] == (await fluxo.get("")).json()["itens"]
    some = await fluxo.get("/exportacao", formato="ndjson", moeda="USD", data_final="2024-01-03")
    assert [msgspec.json.decode(line)["data"] for line in some.content.splitlines()] == ["2024-01-02"]


async def test_csv_opens_in_a_brazilian_spreadsheet_and_runs_nothing(fluxo: Fluxo) -> None:
    """Byte order mark, semicolons, decimal comma by the currency's places, and no cell that begins a formula."""
    await fluxo.record(valor=5, data="2024-01-01", descricao='=1+1;"x"', metadados={"a": "b"})
    await fluxo.record(valor=123456, moeda="JPY", data="2024-01-02", referencia_externa="@nf")
    await fluxo.record(valor=123456, moeda="KWD", data="2024-01-03")
    answer = await fluxo.get("/exportacao", formato="csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbfid;tipo;valor;moeda;data;")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert [row["valor"] for row in rows] == ["123,456", "123456", "0,05"]
    assert (rows[1]["referencia_externa"], rows[2]["descricao"], rows[2]["metadados"]) == ("'@nf", '\'=1+1;"x"', '{"a":"b"}')


@pytest.mark.parametrize("formato", [None, "xlsx"])
async def test_an_export_says_its_format(fluxo: Fluxo, formato: str | None) -> None:
    """Without one, or with another, the answer is a 400 that points at it."""
    answer = await fluxo.get("/exportacao", **({} if formato is None else {"formato": formato}))
    assert (answer.status_code, answer.json()["erros"][0]["ponteiro"]) == (400, "/formato")


async def test_an_export_is_one_snapshot(fluxo: Fluxo) -> None:
    """What is recorded while it is read, at any place of the order, is not in it; and its connection goes back clean."""
    for number in range(8):
        await fluxo.record(data=f"2024-01-{2 + number % 20:02}")
    pages = Exports(fluxo.engine, rows=5).pages(fluxo.comerciante_id, Filtros())
    first = await anext(pages)
    await fluxo.record(data="2024-01-01")
    rest = [one async for found in pages for one in found]
    assert (len(first), len(rest)) == (5, 3)
    async with fluxo.engine.connect() as connection:
        assert len(await page(connection, fluxo.comerciante_id, Filtros(), None, 1000)) == 9


async def test_too_many_exports_at_once_are_told_to_come_back(fluxo: Fluxo) -> None:
    """Beyond a few at once the answer is 503 with Retry-After; one that ends makes room."""
    exports = Exports(fluxo.engine)
    running = [exports.pages(fluxo.comerciante_id, Filtros()) for _ in range(export_routes.AT_ONCE)]
    for one in running:
        await anext(one)
    with pytest.raises(Exception, match="exportações demais"):
        await anext(exports.pages(fluxo.comerciante_id, Filtros()))
    await running[0].aclose()
    assert await anext(exports.pages(fluxo.comerciante_id, Filtros())) == []
    for one in running[1:]:
        await one.aclose()
