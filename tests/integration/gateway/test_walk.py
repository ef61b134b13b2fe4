"""Every route of the merged document on the whole platform: each answers its own example, and none shows a merchant of another."""

import re
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from jsonschema import Draft202012Validator

from tests.integration.gateway.walk import Operation, Shop, days_ago, document, names, operations
from tests.local import services
from tests.local.broker import Broker
from tests.local.database import Database
from tests.local.platform import Platform, platform

CLOSED = days_ago(3)
OPEN = days_ago(2)
NOBODYS = days_ago(1)

# What a parameter may be that is not somebody's, and so cannot tell of anybody.
NEUTRAL = {"tipo", "moeda", "limit", "limite", "formato"}
DAYS = {"dia", "de", "ate", "data_inicial", "data_final"}


@pytest.fixture(scope="module")
def caixa(mysql: Database, rabbit: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Give all five processes over the session's database and broker, which no other test uses meanwhile."""
    folder = tmp_path_factory.mktemp("caixa")
    wiring = services.Wiring(mysql.address, rabbit.address, services.new_identity(folder), more={"CAIXA_RATE_LIMIT": "10000/second"})
    with platform(wiring, folder) as made:
        mysql.empty("caixa_fluxo", "caixa_saldo")
        rabbit.purge()
        made.start()
        yield made


def test_every_route_answers_the_documents_own_example(caixa: Platform) -> None:
    """With a real token each operation gives a documented success whose body has the documented form.

    Identifiers, days and credentials of the examples are exchanged for those of a merchant that exists.
    """
    whole = document(caixa)
    walked = operations(whole)
    assert len(walked) >= 20
    for operation in walked:
        shop = Shop(caixa, "Padaria da Esquina")
        entry = shop.record(data=OPEN.isoformat())
        shop.close(CLOSED)
        own = {
            **{name: OPEN.isoformat() for name in ("data", "de", "ate")},
            "dia": CLOSED.isoformat(),
            "lancamento_id": entry["id"],
            "comerciante_id": shop.merchant["id"],
            "client_id": shop.merchant["client_id"],
            "client_secret": shop.merchant["client_secret"],
        }
        answer = shop.ask(operation, own, shop.admin if operation.administrative else shop.headers)
        assert 200 <= answer.status_code < 400, (operation.id, answer.status_code, answer.text)
        described = operation.described["responses"]
        assert str(answer.status_code) in described, (operation.id, answer.status_code)
        media = described[str(answer.status_code)].get("content", {}).get("application/json", {})
        if "json" in answer.headers.get("content-type", "") and "ndjson" not in answer.headers["content-type"] and media.get("schema"):
            Draft202012Validator({**media["schema"], "components": whole["components"]}).validate(answer.json())


class Neighbour:
    """B: a merchant with much to find, and what would tell of it."""

    def __init__(self, caixa: Platform) -> None:
        self.shop = shop = Shop(caixa, "Marcenaria Vizinha")
        self.key = f"chave-{uuid4()}"
        entry = {"tipo": "credito", "valor": 98765431, "data": OPEN.isoformat(), "descricao": "mesa de jacaranda"}
        entry |= {"referencia_externa": "vizinha-nota-77", "metadados": {"balcao": "peroba-rosa"}}
        first = shop.made("/api/v1/lancamentos", entry, key=self.key)
        second = shop.record(tipo="debito", valor=24681357, data=OPEN.isoformat(), descricao="verniz importado")
        receipt = shop.close(OPEN)
        shop.settled(second["id"])
        tag = shop.client.get(f"/api/v1/saldos/{OPEN}", headers=shop.headers).headers["etag"]
        cursor = shop.client.get("/api/v1/lancamentos?limit=1", headers=shop.headers).json()["proximo"]
        merchant = shop.merchant
        self.pairs = {
            "lancamento_id": (first["id"], str(uuid4())),
            "apos": (first["id"], str(uuid4())),
            "comerciante_id": (merchant["id"], str(uuid4())),
            "client_id": (merchant["client_id"], f"cx_{uuid4().hex[:24]}"),
            "referencia_externa": ("vizinha-nota-77", "ninguem-nota-77"),
            "Idempotency-Key": (self.key, f"chave-{uuid4()}"),
            "If-None-Match": (tag, f'"{uuid4().hex}"'),
            **dict.fromkeys(DAYS, (OPEN.isoformat(), NOBODYS.isoformat())),
        }
        """By name, what is B's and what is nobody's."""
        self.cursor = cursor
        amounts = (98765431, 24681357, 98765431 - 24681357)
        grouped = [f"{amount // 100:,}".replace(",", ".") for amount in amounts]
        self.marks = {
            *(str(one) for one in (first["id"], second["id"], receipt["id"], receipt["hash"], merchant["id"], merchant["client_id"])),
            *(
                merchant["client_secret"],
                merchant["nome"],
                "jacaranda",
                "verniz",
                "vizinha-nota",
                "peroba",
                self.key,
                tag.strip('"'),
                cursor,
            ),
            *(str(amount) for amount in amounts),
            *(f"{amount // 100},{amount % 100:02}" for amount in amounts),
            *grouped,
        }

    def views(self) -> list[bytes]:
        """Give all that B sees of its own."""
        paths = (
            "lancamentos",
            "lancamentos/exportacao?formato=ndjson",
            "fechamentos",
            "fechamentos/exportacao",
            f"saldos?de={CLOSED}&ate={OPEN}",
        )
        return [self.shop.client.get(f"/api/v1/{path}", headers=self.shop.headers).content for path in paths]


class Asking:
    """A, and its twin of the same history: what one asks with B's value the other asks with nobody's, in step."""

    def __init__(self, caixa: Platform, neighbour: Neighbour) -> None:
        self.neighbour = neighbour
        self.twins = (Shop(caixa, "Padaria"), Shop(caixa, "Padaria"))
        self.first = [twin.record(valor=4242, data=CLOSED.isoformat())["id"] for twin in self.twins]
        for twin, entry_id in zip(self.twins, self.first, strict=True):
            twin.close(CLOSED)
            twin.settled(entry_id)

    def own(self, index: int, operation: Operation) -> dict[str, str]:
        """Give what is A's own, fresh where a route uses it up."""
        shop = self.twins[index]
        consuming = operation.method != "GET" and "lancamento_id" in operation.path
        return {
            "lancamento_id": shop.record(data=OPEN.isoformat())["id"] if consuming else self.first[index],
            "comerciante_id": shop.merchant["id"],
            **dict.fromkeys(("dia", "de", "ate"), CLOSED.isoformat()),
            "data": OPEN.isoformat(),
            "referencia_externa": str(uuid4()),
            "client_id": shop.merchant["client_id"],
            "client_secret": "nao-e-este",
            "Idempotency-Key": str(uuid4()),
        }

    def asked(self, operation: Operation, name: str = "") -> list[httpx.Response]:
        """Ask as both twins, one with B's value of that name and one with nobody's; without a name each with its own."""
        answers = []
        for index, twin in enumerate(self.twins):
            values = self.own(index, operation)
            if name == "cursor":
                values[name] = self.neighbour.cursor
            elif name in {"de", "ate"}:  # of one day, so that both reports are as long
                values["de"] = values["ate"] = self.neighbour.pairs[name][index]
            elif name:
                values[name] = self.neighbour.pairs[name][index]
            elif operation.method == "GET":  # nothing asked for by its name: all that there is
                values.pop("referencia_externa")
            answer = twin.ask(operation, values, twin.headers)
            self._refuse_marks(operation, name, answer, values.get(name, ""))
            answers.append(answer)
        return answers

    def _refuse_marks(self, operation: Operation, name: str, answer: httpx.Response, asked: str) -> None:
        told = f"{answer.headers}\n{answer.text}"
        told = told.replace(asked, "") if asked else told
        assert [mark for mark in self.neighbour.marks if mark in told] == [], (operation.id, name, told)

    def masked(self, answer: httpx.Response, asked: str) -> tuple[int, dict[str, str], str]:
        """Give an answer without what differs between any two: the value asked for, identifiers, instants, days and hashes."""
        kept = {
            name: value
            for name, value in answer.headers.items()
            if name not in {"date", "x-request-id", "ratelimit", "etag", "content-length"}
        }

        def mask(text: str) -> str:
            text = text.replace(asked, "<pedido>")
            text = re.sub(r"\d{4}-\d{2}-\d{2}T[0-9:.]+(?:Z|[+-][0-9:]+)", "<instante>", text)
            text = re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|cx_[0-9a-f]{24}|\b[0-9a-f]{32}\b|\b[0-9a-f]{64}\b", "<id>", text)
            return re.sub(r"\d{4}-\d{2}-\d{2}", "<dia>", text)

        return answer.status_code, {name: mask(value) for name, value in kept.items()}, mask(answer.text)


def identifying(operation: Operation, neighbour: Neighbour) -> list[str]:
    """Name the parameters and members by which a request could reach somebody's; fails for a parameter that this test does not know."""
    parameters = [one["name"] for one in operation.described.get("parameters", [])]
    unknown = [name for name in parameters if name not in neighbour.pairs.keys() | NEUTRAL | {"cursor"}]
    assert unknown == [], f"{operation.id}: say in this test whether these can name something of another merchant's: {unknown}"
    members = list(names(operation.body[1])) if operation.body else []
    unknown = [name for name in members if name.endswith("_id") and name not in neighbour.pairs]
    assert unknown == [], f"{operation.id}: say in this test of whom these can be: {unknown}"
    return [name for name in dict.fromkeys([*parameters, *members]) if name in neighbour.pairs or name == "cursor"]


def test_no_route_shows_a_merchant_anything_of_another_nor_that_there_is_one(caixa: Platform) -> None:
    """Every operation, asked by A for its own, for B's and for nobody's.

    No header and no body holds a mark of B's; what is B's is answered as what is nobody's, byte for byte but for what is made anew for
    each answer; and B's own view is what it was.
    """
    neighbour = Neighbour(caixa)
    before = neighbour.views()
    asking = Asking(caixa, neighbour)
    asked: dict[str, list[str]] = {}
    succeeded: set[str] = set()
    walked = operations(document(caixa))
    for operation in walked:
        asked[operation.id] = identifying(operation, neighbour)
        if all(answer.status_code < 300 for answer in asking.asked(operation)):
            succeeded.add(operation.id)
        for name in asked[operation.id]:
            answers = asking.asked(operation, name)
            if name != "cursor":
                told = [asking.masked(answer, neighbour.pairs[name][index]) for index, answer in enumerate(answers)]
                assert told[0] == told[1], (operation.id, name)
    assert before == neighbour.views()
    assert all(view for view in before)
    # The walk would prove nothing if A had been refused: only the admin's routes and a wrong secret refuse it.
    assert {one.path for one in walked if one.id not in succeeded and not one.administrative} == {"/oauth/token"}
    assert {"lancamento_id", "apos", "comerciante_id", "client_id", "dia", "cursor"} <= {name for found in asked.values() for name in found}
