"""fluxo, relay, consumer and saldo against a ledger in memory: whatever is asked in whatever order, both say the same."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, precondition, rule, run_state_machine_as_test

from caixa_comum.dominio import MAIOR_VALOR, Tipo, hoje
from caixa_comum.events import DIA_FECHADO, DiaFechado, LancamentoRegistrado, TotaisDoDia
from tests.integration.ledger.conftest import World
from tests.integration.ledger.model import Entry, Ledger
from tests.integration.saldo.entries import body_of, closing_body, publish
from tests.local.waiting import until

LANCAMENTOS, FECHAMENTOS, SALDOS = "/api/v1/lancamentos", "/api/v1/fechamentos", "/api/v1/saldos"
# The clock begins here, so that minutes and hours lead over the midnight of 2018-11-04, which did not exist in São Paulo; Kiritimati is
# always a day or two ahead.
BEGINS = datetime(2018, 11, 4, 1, 30, tzinfo=UTC)
ZONES = [ZoneInfo("America/Sao_Paulo"), ZoneInfo("Pacific/Kiritimati")]
TITLES = {
    "future": (422, "Dados inválidos"),
    "closed": (409, "Dia fechado"),
    "reference": (409, "Referência externa já usada"),
    "reversed": (409, "Lançamento já estornado"),
    "estorno": (409, "Um estorno não se estorna"),
    "open": (422, "Dados inválidos"),
}

valores = st.integers(1, 1000) | st.sampled_from([1, MAIOR_VALOR])
moedas = st.sampled_from(["BRL", "BRL", "USD", "JPY"])
ages = st.integers(-1, 4)
merchants = st.integers(0, len(ZONES) - 1)


class Machine(RuleBasedStateMachine):
    """Two merchants in two zones; after each example every balance, list and receipt is compared."""

    entries = Bundle("entries")

    def __init__(self, world: World) -> None:
        """Take the running services; merchants are new, so no example sees another's."""
        super().__init__()
        self.world = world
        self.http = httpx.Client(timeout=60)
        self.ids = [uuid4() for _ in ZONES]
        self.ledgers = [Ledger(fuso) for fuso in ZONES]
        self.tokens = [world.issuer.token(one, fuso=fuso.key) for one, fuso in zip(self.ids, ZONES, strict=True)]
        self.accepted: list[tuple[int, str, str, object, bytes]] = []

    @initialize()
    def begin(self) -> None:
        """Set the clock."""
        self.world.clock.now = BEGINS

    def today(self, who: int) -> date:
        """Give the merchant's day."""
        return hoje(ZONES[who], self.world.clock.now)

    def post(self, who: int, path: str, key: str, body: object) -> httpx.Response:
        """Ask fluxo."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}", "Idempotency-Key": key}
        return self.http.post(self.world.fluxo + path, headers=headers, json=body)

    def get(self, who: int, url: str, **parameters: str | int) -> Any:  # Any: JSON
        """Read, as the merchant."""
        answer = self.http.get(url, headers={"Authorization": f"Bearer {self.tokens[who]}"}, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def recorded(self, who: int, answer: httpx.Response, **fields: Any) -> Entry:  # Any: an entry's own fields
        """Keep an entry that fluxo answered."""
        assert answer.status_code == 201, answer.text
        told = answer.json()
        entry = Entry(
            id=told["id"],
            tipo=told["tipo"],
            valor=told["valor"],
            moeda=told["moeda"],
            data=date.fromisoformat(told["data"]),
            registrado_em=datetime.fromisoformat(told["registrado_em"]),
            **fields,
        )
        self.ledgers[who].entries.append(entry)
        return entry

    @rule(
        target=entries,
        who=merchants,
        tipo=st.sampled_from(["credito", "debito"]),
        valor=valores,
        moeda=moedas,
        age=st.none() | ages,
        referencia=st.none() | st.sampled_from(["nf-1", "nf-2", "nf-3"]),
    )
    def record(self, who: int, tipo: str, valor: int, moeda: str, age: int | None, referencia: str | None) -> Any:  # Any: Hypothesis's
        """Record an entry, for today by default, or for a day that may be closed or in the future."""
        ledger, today = self.ledgers[who], self.today(who)
        dia = today if age is None else today - timedelta(days=age)
        body = {"tipo": tipo, "valor": valor, "moeda": moeda, "data": None if age is None else str(dia), "referencia_externa": referencia}
        key = str(uuid4())
        answer = self.post(who, LANCAMENTOS, key, body)
        outcome = ledger.recording(dia, today, referencia)
        if outcome != "recorded":
            assert (answer.status_code, answer.json()["title"]) == TITLES[outcome], answer.text
            return multiple()
        entry = self.recorded(who, answer, referencia=referencia)
        assert (entry.tipo, entry.valor, entry.moeda, entry.data) == (tipo, valor, moeda, dia)
        self.keep(who, LANCAMENTOS, key, body, answer)
        return (who, entry)

    def keep(self, who: int, path: str, key: str, body: object, answer: httpx.Response) -> None:
        """Remember an accepted request, to repeat it."""
        self.accepted.append((who, path, key, body, answer.content))

    @precondition(lambda self: bool(self.accepted))
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        """Repeat an accepted request under its key, whatever has happened since: the same bytes, and nothing more happens."""
        who, path, key, body, content = data.draw(st.sampled_from(self.accepted))
        answer = self.post(who, path, key, body)
        assert (answer.status_code, answer.content, answer.headers["Idempotency-Replayed"]) == (201, content, "true")

    @precondition(lambda self: bool(self.accepted))
    @rule(data=st.data())
    def reuse_a_key(self, data: st.DataObject) -> None:
        """Ask for something else under a key that was used: 422, and nothing happens."""
        who, path, key, _, _ = data.draw(st.sampled_from(self.accepted))
        other = {"data": "2018-01-01"} if path == FECHAMENTOS else {"descricao": "outra"}
        body = {"tipo": "credito", "valor": 77, "descricao": "outra"} if path == LANCAMENTOS else other
        assert self.post(who, path, key, body).status_code == 422

    @rule(target=entries, one=entries)
    def reverse(self, one: tuple[int, Entry]) -> Any:  # Any: Hypothesis's
        """Reverse an entry, which may be an estorno or reversed already, on a day that may be closed."""
        who, original = one
        ledger, today, key, path = self.ledgers[who], self.today(who), str(uuid4()), f"{LANCAMENTOS}/{original.id}/estorno"
        answer = self.post(who, path, key, {})
        outcome = ledger.reversing(original)
        if outcome != "recorded":
            assert (answer.status_code, answer.json()["title"]) == TITLES[outcome], answer.text
            return multiple()
        expected = ledger.day_of_estorno(original, today)
        entry = self.recorded(who, answer, estorna=original)
        original.estornado_por = entry
        assert (entry.valor, entry.moeda, entry.data, entry.sinal) == (original.valor, original.moeda, expected, -original.sinal)
        assert answer.json()["estorna_id"] == original.id
        self.keep(who, path, key, {}, answer)
        return (who, entry)

    @rule(who=merchants, age=ages)
    def close(self, who: int, age: int) -> None:
        """Close a day, which may be today, in the future, or closed; its receipt holds the day's entries."""
        ledger, today, key = self.ledgers[who], self.today(who), str(uuid4())
        dia = today - timedelta(days=age)
        answer = self.post(who, FECHAMENTOS, key, {"data": str(dia)})
        outcome = ledger.closing(dia, today)
        if outcome != "recorded":
            status, title = (409, "Dia já fechado") if outcome == "closed" else TITLES[outcome]
            assert (answer.status_code, answer.json()["title"]) == (status, title), answer.text
            return
        assert answer.status_code == 201, answer.text
        ledger.close(dia)
        assert answer.json()["totais"] == ledger.totals(dia)
        self.keep(who, FECHAMENTOS, key, {"data": str(dia)}, answer)

    @rule(one=entries)
    def deliver_again(self, one: tuple[int, Entry]) -> None:
        """Publish an entry's event once more, as a relay does that dies between the confirm and the delete."""
        who, entry = one
        event = LancamentoRegistrado(
            id=UUID(entry.id),
            comerciante_id=self.ids[who],
            tipo=Tipo(entry.tipo),
            valor=entry.valor,
            moeda=entry.moeda,
            data=entry.data,
            registrado_em=entry.registrado_em,
        )
        self.world.background.run(publish(self.world.rabbit, [(entry.id, body_of(event))]))

    @rule(who=merchants)
    def deliver_a_receipt_again(self, who: int) -> None:
        """Publish the newest receipt's event once more."""
        if not self.ledgers[who].recibos:
            return
        told = self.get(who, f"{self.world.fluxo}{FECHAMENTOS}", limit=1)["itens"][0]
        event = DiaFechado(
            id=UUID(told["id"]),
            comerciante_id=self.ids[who],
            data=date.fromisoformat(told["data"]),
            totais=tuple(TotaisDoDia(**one) for one in told["totais"]),
            hash=told["hash"],
            hash_anterior=told["hash_anterior"],
            fechado_em=datetime.fromisoformat(told["fechado_em"]),
        )
        self.world.background.run(publish(self.world.rabbit, [(told["id"], closing_body(event))], routing_key=DIA_FECHADO))

    @rule()
    def restart_the_consumer(self) -> None:
        """End the consumer in the middle of its work."""
        self.world.restart_consumer()

    @rule(minutes=st.sampled_from([1, 29, 30, 60, 90, 23 * 60, 24 * 60, 25 * 60]))
    def wait(self, minutes: int) -> None:
        """Let time pass, over midnights."""
        self.world.clock.now += timedelta(minutes=minutes)

    @rule(one=entries)
    def read_own_write(self, one: tuple[int, Entry]) -> None:
        """Ask for a balance after an entry: it is in it."""
        who, entry = one
        found = self.get(who, f"{self.world.saldo}{SALDOS}/{entry.data}", apos=entry.id)
        (saldo,) = [each for each in found["saldos"] if each["moeda"] == entry.moeda]
        assert saldo["total_creditos" if entry.tipo == "credito" else "total_debitos"] >= entry.valor
        assert saldo["quantidade"] >= 1

    def teardown(self) -> None:
        """Compare everything."""
        for who, ledger in enumerate(self.ledgers):
            self.compare_entries(who, ledger)
            self.compare_receipts(who, ledger)
            self.compare_balances(who, ledger)
        self.http.close()

    def compare_entries(self, who: int, ledger: Ledger) -> None:
        """See every entry once in the list's order, page by page, each with what reversed it."""
        found: list[Any] = []  # Any: JSON
        parameters: dict[str, str | int] = {"limit": 7}
        while True:
            page = self.get(who, self.world.fluxo + LANCAMENTOS, **parameters)
            found += page["itens"]
            if page["proximo"] is None:
                break
            parameters["cursor"] = page["proximo"]
        assert [one["id"] for one in found] == ledger.listed()
        links = {one.id: (one.estorna and one.estorna.id, one.estornado_por and one.estornado_por.id) for one in ledger.entries}
        assert {one["id"]: (one["estorna_id"], one["estornado_por"]) for one in found} == links

    def compare_receipts(self, who: int, ledger: Ledger) -> None:
        """See one receipt for every closed day, with its totals, chained without a gap."""
        found = self.get(who, self.world.fluxo + FECHAMENTOS, limit=500)["itens"][::-1]
        assert [one["data"] for one in found] == [str(dia) for dia in ledger.recibos]
        assert [one["totais"] for one in found] == [ledger.totals(dia) for dia in ledger.recibos]
        assert [one["hash_anterior"] for one in found] == [None, *(one["hash"] for one in found)][: len(found)]

    def compare_balances(self, who: int, ledger: Ledger) -> None:
        """See the model's balances of today, of each day and of the range, as soon as all events have arrived."""
        today = self.today(who)
        first = min([today, *(one.data for one in ledger.entries), *ledger.recibos]) - timedelta(days=1)
        last = today + timedelta(days=1)
        expected = [ledger.day(first + timedelta(days=n)) for n in range((last - first).days + 1)]
        url = self.world.saldo + SALDOS
        seen: list[Any] = []  # Any: JSON

        def equal() -> bool:
            seen[:] = [with_instants(dia) for dia in self.get(who, url, de=str(first), ate=str(last))["dias"]]
            return seen == expected

        try:
            until("the balances are the model's", equal, seconds=60)
        except RuntimeError:
            assert seen == expected
        assert with_instants(self.get(who, f"{url}/atual")) == ledger.day(today)
        for dia in expected:
            assert with_instants(self.get(who, f"{url}/{dia['data']}")) == dia


def with_instants(dia: dict[str, Any]) -> dict[str, Any]:  # Any: JSON
    """Read the instants of a day's balances."""
    for saldo in dia["saldos"]:
        saldo["atualizado_em"] = saldo["atualizado_em"] and datetime.fromisoformat(saldo["atualizado_em"])
    return dia


def test_the_ledger_says_what_its_model_says(world: World) -> None:
    """Entries, estornos, closings, replays, reused keys, redeliveries and restarts over moving midnights, in any order."""

    class InThisWorld(Machine):
        def __init__(self) -> None:
            super().__init__(world)

    run_state_machine_as_test(
        InThisWorld,
        settings=settings(
            max_examples=8,
            stateful_step_count=30,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
