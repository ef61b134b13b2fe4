"""The API of balances over a real database, with real tokens."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.dominio import Tipo, hoje
from caixa_comum.events import LancamentoRegistrado
from caixa_comum.settings import DatabaseSettings
from caixa_saldo.applier import Applier
from caixa_saldo.tables import inbox
from tests.integration.saldo.entries import DIA, entry, received
from tests.integration.saldo.running import Running, api
from tests.issuer import Issuer

AUCKLAND, NIUE = "Pacific/Auckland", "Pacific/Niue"  # never on the same day


@pytest.fixture
async def running(schema: DatabaseSettings, issuer: Issuer) -> AsyncIterator[Running]:
    """Give the API over an empty, migrated schema; no broker is configured anywhere."""
    async with api(schema, issuer.settings()) as running:
        yield running


class Merchant:
    """A merchant's client of the API."""

    def __init__(self, running: Running, issuer: Issuer, *, fuso: str = "America/Sao_Paulo", scope: str = "saldos") -> None:
        """Take a token."""
        self.id = uuid4()
        self._running = running
        self._token = issuer.token(self.id, fuso=fuso, scope=scope)

    async def get(self, path: str, **headers: str) -> tuple[int, Mapping[str, str], Any]:  # Any: JSON
        """Give status, headers and body (None when empty)."""
        headers = {"Authorization": f"Bearer {self._token}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        async with self._running.session.get(f"{self._running.url}/api/v1/saldos{path}", headers=headers) as answer:
            return answer.status, answer.headers, await answer.json(content_type=None) if await answer.read() else None


async def _apply(engine: AsyncEngine, *lancamentos: LancamentoRegistrado) -> None:
    await Applier(engine, asyncio.Event(), lambda: datetime.now(UTC)).apply([received(lancamento) for lancamento in lancamentos])


ZEROS = {
    "moeda": "BRL",
    "saldo_anterior": 0,
    "total_creditos": 0,
    "total_debitos": 0,
    "quantidade": 0,
    "saldo_final": 0,
    "situacao": "aberto",
    "atualizado_em": None,
}


async def test_a_merchant_without_entries_has_zero_reais_today(running: Running, issuer: Issuer) -> None:
    """Before the first entry there is a BRL row of zeros, dated today in the merchant's own zone."""
    for fuso in (AUCKLAND, NIUE):
        before = hoje(ZoneInfo(fuso), datetime.now(UTC))
        status, _, body = await Merchant(running, issuer, fuso=fuso).get("/atual")
        after = hoje(ZoneInfo(fuso), datetime.now(UTC))
        assert status == 200
        assert body["data"] in {str(before), str(after)}
        assert body["saldos"] == [ZEROS]


async def test_a_day_shows_what_came_before_and_what_it_added(running: Running, issuer: Issuer, engine: AsyncEngine) -> None:
    """Opening, credits, debits, count and closing of a day; a day without entries carries the closing forward."""
    merchant = Merchant(running, issuer)
    instant = datetime(2026, 11, 23, 15, 30, 0, 250000, UTC)
    await _apply(
        engine,
        entry(merchant.id, 1000, data=DIA - timedelta(days=40), registrado_em=instant - timedelta(days=40)),
        entry(merchant.id, 300, tipo=Tipo.DEBITO, registrado_em=instant),
        entry(merchant.id, 50, registrado_em=instant - timedelta(hours=1)),
        entry(merchant.id, 7, moeda="USD", registrado_em=instant),
        entry(uuid4(), 999_999),
    )
    _, _, body = await merchant.get(f"/{DIA}")
    brl = {
        "moeda": "BRL",
        "saldo_anterior": 1000,
        "total_creditos": 50,
        "total_debitos": 300,
        "quantidade": 2,
        "saldo_final": 750,
        "situacao": "aberto",
        "atualizado_em": "2026-11-23T15:30:00.250000Z",
    }
    usd = brl | {"moeda": "USD", "saldo_anterior": 0, "total_creditos": 7, "total_debitos": 0, "quantidade": 1, "saldo_final": 7}
    assert body == {"data": str(DIA), "saldos": [brl, usd]}
    _, _, carried = await merchant.get(f"/{DIA + timedelta(days=9)}")
    empty = {"saldo_anterior": 750, "saldo_final": 750, "total_creditos": 0, "total_debitos": 0, "quantidade": 0}
    assert carried["saldos"][0] == brl | empty
    _, _, earlier = await merchant.get(f"/{DIA - timedelta(days=41)}")
    assert earlier["saldos"] == [ZEROS]


async def test_a_balance_beyond_sixty_four_bits_is_told_exactly(running: Running, issuer: Issuer, engine: AsyncEngine) -> None:
    """Days that each fit a BIGINT may add up to more; the answer is exact rather than an error."""
    merchant = Merchant(running, issuer)
    days = [DIA - timedelta(days=n) for n in range(1, 3)]
    for day in days:
        for _ in range(2):
            await _apply(engine, *(entry(merchant.id, 2**53 - 1, data=day) for _ in range(500)))
    status, _, body = await merchant.get(f"/{DIA}")
    assert status == 200
    assert body["saldos"][0]["saldo_final"] == 2000 * (2**53 - 1) > 2**63


async def test_the_report_equals_its_days(running: Running, issuer: Issuer, engine: AsyncEngine) -> None:
    """The daily report has one item per day, without gaps, each as that day alone reads."""
    merchant = Merchant(running, issuer)
    await _apply(
        engine,
        entry(merchant.id, 10, data=DIA - timedelta(days=30)),
        entry(merchant.id, 20, data=DIA),
        entry(merchant.id, 5, tipo=Tipo.DEBITO, data=DIA + timedelta(days=2)),
        entry(merchant.id, 3, moeda="EUR", data=DIA + timedelta(days=1)),
    )
    status, _, report = await merchant.get(f"?de={DIA - timedelta(days=1)}&ate={DIA + timedelta(days=3)}")
    assert status == 200
    assert [dia["data"] for dia in report["dias"]] == [str(DIA + timedelta(days=n)) for n in range(-1, 4)]
    for dia in report["dias"]:
        assert (await merchant.get(f"/{dia['data']}"))[2] == dia
    assert [saldo["saldo_final"] for saldo in report["dias"][-1]["saldos"]] == [25, 3]


async def test_a_report_of_a_leap_year_is_the_longest(running: Running, issuer: Issuer) -> None:
    """366 days are answered, 367 are refused."""
    merchant = Merchant(running, issuer)
    status, _, report = await merchant.get("?de=2024-01-01&ate=2024-12-31")
    assert (status, len(report["dias"])) == (200, 366)
    status, _, problem = await merchant.get("?de=2024-01-01&ate=2025-01-01")
    assert (status, problem["erros"][0]["ponteiro"]) == (400, "/ate")


@pytest.mark.parametrize(
    ("path", "pointers"),
    [
        ("/ontem", ["/dia"]),
        ("/2026-02-30", ["/dia"]),
        ("/20261123", ["/dia"]),
        ("/2026-W48-1", ["/dia"]),
        ("/atual?moeda=BRL&x=1", ["/moeda", "/x"]),
        ("/atual?apos=1", ["/apos"]),
        ("/atual?apos=", ["/apos"]),
        ("/2026-11-23?apos=%7B01a20e78-06b1-7cc1-9c66-9dd63909774a%7D", ["/apos"]),
        ("", ["/de", "/ate"]),
        ("?de=2026-11-23", ["/ate"]),
        ("?de=2026-11-23&ate=2026-11-22", ["/ate"]),
        ("?de=23/11/2026&ate=2026-11-23", ["/de"]),
        ("?de=2026-11-23&ate=2026-11-23&a~b/c=1", ["/a~0b~1c"]),
    ],
)
async def test_a_wrong_parameter_is_named(running: Running, issuer: Issuer, path: str, pointers: list[str]) -> None:
    """A parameter that is missing, unknown or malformed gets a 400 problem that points at it."""
    status, headers, problem = await Merchant(running, issuer).get(path)
    assert status == 400
    assert headers["Content-Type"].startswith("application/problem+json")
    assert [erro["ponteiro"] for erro in problem["erros"]] == pointers


async def test_the_ends_of_the_calendar_are_days_like_any_other(running: Running, issuer: Issuer) -> None:
    """The first and the last date that can be written are answered."""
    for day in (date.min, date.max):
        status, _, body = await Merchant(running, issuer).get(f"/{day.isoformat()}")
        assert (status, body["data"]) == (200, day.isoformat())


async def test_balances_need_a_token_with_their_scope(running: Running, issuer: Issuer) -> None:
    """Without a token 401, without the scope 403, and never another merchant's numbers."""
    async with running.session.get(f"{running.url}/api/v1/saldos/atual") as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    status, _, _ = await Merchant(running, issuer, scope="lancamentos").get("/atual")
    assert status == 403


async def test_apos_waits_until_the_entry_is_included(running: Running, issuer: Issuer, engine: AsyncEngine) -> None:
    """A read after a write waits for that very entry, then shows it."""
    merchant = Merchant(running, issuer)
    lancamento = entry(merchant.id, 42)
    reading = asyncio.create_task(merchant.get(f"/{DIA}?apos={lancamento.id}"))
    await asyncio.wait([reading], timeout=0.2)
    assert not reading.done()
    await _apply(engine, lancamento)
    status, _, body = await reading
    assert (status, body["saldos"][0]["saldo_final"]) == (200, 42)
    for path in (f"/atual?apos={lancamento.id}", f"?de={DIA}&ate={DIA}&apos={lancamento.id}"):
        assert (await merchant.get(path))[0] == 200


async def test_apos_knows_a_merchants_own_entries_only(running: Running, issuer: Issuer, engine: AsyncEngine) -> None:
    """Another merchant's entry is on its way for ever, just as one that nobody has; one of before owners were kept is known."""
    owner, other = Merchant(running, issuer), Merchant(running, issuer)
    lancamento = entry(owner.id, 42)
    await _apply(engine, lancamento)
    assert (await owner.get(f"/atual?apos={lancamento.id}"))[0] == 200
    answers = [await other.get(f"/atual?apos={one}") for one in (lancamento.id, uuid4())]
    assert [status for status, _, _ in answers] == [504, 504]
    assert len({str(problem["detail"]) for _, _, problem in answers}) == 1
    async with engine.begin() as connection:
        await connection.execute(update(inbox).values(comerciante_id=None))
    assert (await owner.get(f"/atual?apos={lancamento.id}"))[0] == 200


async def test_apos_gives_up_and_says_that_the_entry_is_on_its_way(running: Running, issuer: Issuer) -> None:
    """An entry that does not come in five seconds gets a 504 problem that says what it means."""
    merchant = Merchant(running, issuer)
    status, headers, problem = await merchant.get(f"/atual?apos={uuid4()}")
    assert status == 504
    assert "a caminho" in problem["detail"]
    assert problem["erros"][0]["ponteiro"] == "/apos"
    assert headers["Retry-After"] == "1"


async def test_an_answer_already_held_is_not_sent_again(running: Running, issuer: Issuer, engine: AsyncEngine) -> None:
    """All three reads carry an ETag: equal until something changes, answered 304 without a body while it is equal."""
    merchant = Merchant(running, issuer)
    for path in (f"/{DIA}", f"?de={DIA}&ate={DIA}", "/atual"):
        _, headers, _ = await merchant.get(path)
        tag = headers["ETag"]
        status, headers, body = await merchant.get(path, If_None_Match=tag)
        assert (status, headers["ETag"], body) == (304, tag, None)
    for path in (f"/{DIA}", f"?de={DIA}&ate={DIA}"):
        tag = (await merchant.get(path))[1]["ETag"]
        await _apply(engine, entry(merchant.id, 1))
        status, headers, body = await merchant.get(path, If_None_Match=tag)
        assert status == 200
        assert headers["ETag"] != tag
        assert body is not None


async def test_openapi_names_the_reads_in_their_own_words(running: Running) -> None:
    """The document names the three reads, their schemas, and the problem that errors are."""
    async with running.session.get(f"{running.url}/openapi.json") as answer:
        document = await answer.json()
    assert set(document["paths"]) == {"/api/v1/saldos", "/api/v1/saldos/atual", "/api/v1/saldos/{dia}"}
    assert {"Saldo", "SaldosDoDia", "RelatorioDiario", "ProblemDetails"} <= set(document["components"]["schemas"])
    operation = document["paths"]["/api/v1/saldos/{dia}"]["get"]
    assert set(operation["responses"]) == {"200", "304", "400", "401", "403", "503", "504"}
    assert set(operation["responses"]["400"]["content"]) == {"application/problem+json"}
