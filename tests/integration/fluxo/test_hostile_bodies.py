"""Bodies that no client of good will sends: each a 4xx that says what is wrong where, and nothing of it is written."""

from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import func, select

from caixa_fluxo.tables import fechamento, idempotencia
from tests.integration.fluxo.conftest import LANCAMENTOS, Fluxo

FECHAMENTOS = "/api/v1/fechamentos"
JSON = "application/json"

NOT_JSON = {
    "cut off": b'{"tipo": "credito"',
    "more than one text": b'{"tipo": "credito", "valor": 1}{}',
    "bad UTF-8": b'{"tipo": "credito", "valor": 1, "descricao": "\xff\xfe", "data": "2024-03-01"}',
    "overlong UTF-8": b'{"descricao": "\xc0\xaf"}',
    "a lone surrogate": b'{"tipo": "credito", "valor": 1, "descricao": "\\ud800"}',
    "a lone surrogate in UTF-8": b'{"descricao": "\xed\xa0\x80"}',
    "UTF-16": '{"descricao": "x"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "NaN": b'{"tipo": "credito", "valor": NaN}',
    "Infinity": b'{"tipo": "credito", "valor": -Infinity}',
    "deep lists": b'{"descricao": ' + b"[" * 30_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a comment": b'{/* */"descricao": "x"}',
    "single quotes": b"{'descricao': 'x'}",
    "compressed": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00",
    "a form": b"tipo=credito&valor=1",
    "zero bytes": b"\x00" * 100,
}
WRONG = {
    "no object but null": (b"null", "#"),
    "no object but a list": (b"[]", "#"),
    "no object but a text": (b'"x"', "#"),
    "no object but a number": (b"1" * 5_000, "#"),
    "an unknown field": (b'{"comerciante_id": "x"}', "#/comerciante_id"),
    "an unknown field with a pointer's characters": (b'{"a/b~": 1}', "#/a~1b~0"),
    "an unknown field with a very long name": (b'{"%s": 1}' % (b"x" * 10_000), "#/" + "x" * 80),
}
ENTRY = {
    "valor": [
        "1.0", "1.5", "1e2", '"1"', "true", "null", "[]", "{}", "0", "-1", "9007199254740992", "9223372036854775808", "1e400",
        "9" * 400, "-" + "9" * 5_000,
    ],
    "tipo": ['"CREDITO"', '""', "1", "null", "[]", '["credito"]', '"%s"' % ("x" * 5_000)],
    "moeda": ["null", '"brl"', '"BRLX"', '"XXX"', '"BRL\\u0000"', "986"],
    "data": ['"2024-02-30"', '"20240301"', '"2024-W09-5"', '"2024-03-01T00:00:00"', '"0000-01-01"', '"10000-01-01"', "1709251200", "{}"],
    "ocorrido_em": ['"2024-03-01T10:00:00"', '"2024-03-01"', '"2024-03-01T25:00:00Z"', '"2024-03-01T10:00:00+99:00"', "1709251200"],
    "descricao": ["1", "[]", '"%s"' % ("x" * 141), '"%s"' % ("\\ud83e\\uddc0" * 141)],
    "referencia_externa": ["1", '""', '"%s"' % ("x" * 101)],
    "metadados": ["null", "[]", '"x"', '{"a": 1}', '{"a": null}', '{"": "x"}', '{"a": {"b": "c"}}', '{"%s": ""}' % ("x" * 41)],
}  # fmt: skip


async def sent(fluxo: Fluxo, path: str, body: bytes, media: str = JSON) -> httpx.Response:
    """Send bytes as they are."""
    return await fluxo.client.post(path, headers=fluxo.headers("hostil") | {"Content-Type": media}, content=body)


async def paths(fluxo: Fluxo) -> dict[str, str]:
    """Give the three routes that write, by name; there is one entry to reverse."""
    entry = await fluxo.record(data="2024-03-01")
    return {"entry": LANCAMENTOS, "estorno": f"{LANCAMENTOS}/{entry['id']}/estorno", "closing": FECHAMENTOS}


async def written(fluxo: Fluxo) -> list[int]:
    """Count what the merchant has: entries, events, claimed keys, receipts."""
    async with fluxo.engine.connect() as connection:
        of = [
            select(func.count()).select_from(table).where(table.c.comerciante_id == fluxo.comerciante_id)
            for table in (idempotencia, fechamento)
        ]
        counts = [int((await connection.execute(statement)).scalar_one()) for statement in of]
    return [await fluxo.entries(), await fluxo.events(), *counts]


def said(answer: httpx.Response) -> tuple[int, str, Any]:  # Any: JSON
    """Give status, type, and the pointer of what is wrong (None when nothing is pointed at)."""
    erros = answer.json().get("erros") or [{"ponteiro": None}]
    return answer.status_code, answer.headers["Content-Type"], erros[0]["ponteiro"]


async def test_what_is_no_json_is_a_400_and_no_entry(fluxo: Fluxo) -> None:
    """Whatever the bytes; and nothing is written, not even the key."""
    found = {name: said(await sent(fluxo, LANCAMENTOS, body)) for name, body in NOT_JSON.items()}
    assert found == dict.fromkeys(NOT_JSON, (400, "application/problem+json", "#"))
    assert await written(fluxo) == [0, 0, 0, 0]


@pytest.mark.parametrize("route", ["estorno", "closing"])
async def test_what_is_no_json_neither_reverses_nor_closes(fluxo: Fluxo, route: str) -> None:
    """A 400, or a 422 where a field that is not known comes before the bytes that are no JSON; nothing is written."""
    path = (await paths(fluxo))[route]
    before = await written(fluxo)
    for name, body in NOT_JSON.items():
        status, media, pointer = said(await sent(fluxo, path, body))
        assert (status, pointer) == (400, "#") or (status == 422 and pointer.startswith("#/")), (name, status, pointer)
        assert media == "application/problem+json"
    assert await written(fluxo) == before


@pytest.mark.parametrize("route", ["entry", "estorno", "closing"])
async def test_the_wrong_json_is_a_422_that_points_and_writes_nothing(fluxo: Fluxo, route: str) -> None:
    """What is no object, or has fields that are not known, on every route that writes."""
    path = (await paths(fluxo))[route]
    before = await written(fluxo)
    found = {name: said(await sent(fluxo, path, body)) for name, (body, _) in WRONG.items()}
    assert found == {name: (422, "application/problem+json", pointer) for name, (_, pointer) in WRONG.items()}
    assert await written(fluxo) == before


@pytest.mark.parametrize("route", ["entry", "estorno", "closing"])
async def test_a_body_beyond_the_limit_is_a_413_and_another_type_a_415(fluxo: Fluxo, route: str) -> None:
    """A text of a million characters, told or not told beforehand, is not held; and nothing but JSON is read."""
    path = (await paths(fluxo))[route]
    before = await written(fluxo)
    body = b'{"descricao": "%s"}' % (b"x" * 1_000_000)

    async def untold() -> Any:  # Any: an async generator of bytes
        for begin in range(0, len(body), 10_000):
            yield body[begin : begin + 10_000]

    headers = fluxo.headers("hostil") | {"Content-Type": JSON}
    assert (await sent(fluxo, path, body)).status_code == 413
    assert (await fluxo.client.post(path, headers=headers, content=untold())).status_code == 413
    for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx"):
        assert (await sent(fluxo, path, b"{}", media)).status_code == 415, media
    assert await written(fluxo) == before


async def test_every_wrong_field_of_an_entry_is_pointed_at(fluxo: Fluxo) -> None:
    """Floats for money, texts for numbers, numbers beyond 2^53 and beyond any word, other forms of dates: 422 at the field."""
    good = {"tipo": '"credito"', "valor": "1"}
    for field, values in ENTRY.items():
        for value in values:
            members = ", ".join(f'"{name}": {text}' for name, text in (good | {field: value}).items())
            status, media, pointer = said(await sent(fluxo, LANCAMENTOS, b"{%s}" % members.encode()))
            assert (status, media) == (422, "application/problem+json"), (field, value[:60], status)
            assert pointer.startswith(f"#/{field}"), (field, value[:60], pointer)
    assert await written(fluxo) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("route", "body", "pointer"),
    [
        ("entry", b'{"tipo": "credito", "valor": 1, "valor": 100000}', "#/valor"),
        ("entry", b'{"tipo": "credito", "valor": 1, "tipo": "debito"}', "#/tipo"),
        ("entry", b'{"tipo": "credito", "valor": 1, "metadados": {"a": "1", "a": "2"}}', "#/metadados/a"),
        ("estorno", b'{"descricao": "a", "descricao": "b"}', "#/descricao"),
        ("closing", b'{"data": "2024-03-01", "data": "2024-03-02"}', "#/data"),
    ],
)
async def test_a_field_that_is_there_twice_is_not_taken_for_either(fluxo: Fluxo, route: str, body: bytes, pointer: str) -> None:
    """Which of two amounts was meant is not ours to guess."""
    path = (await paths(fluxo))[route]
    before = await written(fluxo)
    assert said(await sent(fluxo, path, body)) == (422, "application/problem+json", pointer)
    assert await written(fluxo) == before


@pytest.mark.parametrize(
    "value", ['"2024-02-30"', '"20240301"', '"2024-03-01T00:00:00Z"', "20240301", "null", "[]", '"9999-12-31"', '"0001-01-01"']
)
async def test_a_day_that_is_none_is_not_closed(fluxo: Fluxo, value: str) -> None:
    """Only AAAA-MM-DD of the calendar, of a day that is over."""
    path = (await paths(fluxo))["closing"]
    before = await written(fluxo)
    assert said(await sent(fluxo, path, b'{"data": %s}' % value.encode())) == (422, "application/problem+json", "#/data")
    assert await written(fluxo) == before


async def test_texts_at_the_edge_of_what_is_accepted_survive(fluxo: Fluxo) -> None:
    """Zero characters, the longest texts in four bytes a character, and characters that spreadsheets and databases trip over."""
    for text in ("\x00", "\u2028'\"\\%_;--", "🧀" * 140, "e\u0301", "\ufeff", "\U0010ffff"):
        body = {"tipo": "credito", "valor": 1, "descricao": text, "referencia_externa": text[:100], "metadados": {text[:40]: text}}
        answer = await fluxo.post(body)
        assert answer.status_code == 201, (text, answer.text)
        read = await fluxo.get(f"/{answer.json()['id']}")
        assert msgspec.json.decode(read.content) | body == msgspec.json.decode(read.content)
        listed = await fluxo.get("", referencia_externa=text[:100])
        assert [one["id"] for one in listed.json()["itens"]] == [answer.json()["id"]]


@pytest.mark.parametrize(
    "query", ["tipo=%FF", "referencia_externa=%ED%A0%80", "cursor=%00", "%ED%A0%80=1", "limit=%D9%A3", "data_inicial=%FF", "a=1&a=2"]
)
async def test_no_query_is_a_fault_of_ours(fluxo: Fluxo, query: str) -> None:
    """Bad UTF-8 and zero characters in parameters are a 400, or find nothing."""
    for path in (LANCAMENTOS, f"{LANCAMENTOS}/exportacao", FECHAMENTOS):
        answer = await fluxo.client.get(f"{path}?{query}", headers=fluxo.headers(None))
        assert answer.status_code in {200, 400}, answer.text
