"""The platform's processes as its pods run them, on servers that a fault may kill: `caixa-fluxo api`, its relay, saldo's consumer."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from caixa_comum.events import LANCAMENTO_REGISTRADO, LancamentoRegistrado
from caixa_comum.settings import BrokerSettings
from caixa_comum.topology import VHOST
from tests.faults.nursery import Nursery
from tests.integration.saldo.entries import body_of, entry
from tests.issuer import Issuer
from tests.local.broker import Broker
from tests.local.database import Database
from tests.local.environment import minimal
from tests.local.mariadb import connected
from tests.local.ports import free_port
from tests.local.process import Process
from tests.local.waiting import eventually

STOP_SECONDS = 60.0
INSERT = "INSERT INTO outbox (event_id, routing_key, payload, created_at) VALUES (%s, %s, %s, %s)"


def silent(_text: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Service:
    """One process, where it tells of its health, and, of an API, where it answers."""

    process: Process
    management: str
    url: str = ""

    async def until_ready(self) -> None:
        """Wait until it is ready; fails at once when it has ended."""

        async def ready() -> bool:
            self.process.check()
            try:
                async with aiohttp.ClientSession() as session, session.get(f"{self.management}/saude/pronta") as answer:
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        await eventually("the process is ready", ready)

    async def metric(self, name: str, **labels: str) -> float:
        """Give what it counts under this name and these labels; 0 while nothing answers."""
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{self.management}/metrics") as answer:
                text = await answer.text()
        except aiohttp.ClientError:
            return 0.0
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return sum(sample.value for sample in samples if sample.name == name and sample.labels == labels)

    def kill(self) -> None:
        """SIGKILL; it must have lived until now."""
        self.process.check()
        self.process.kill()

    async def end(self) -> None:
        """SIGTERM; it must have lived until now, and finishes with status 0."""
        self.process.check()
        self.process.terminate()
        assert await asyncio.to_thread(self.process.wait, STOP_SECONDS) == 0, self.process.tail()


@dataclass(frozen=True)
class Links:
    """Other ports than the servers' own: those of proxies, where a fault is done to the way there."""

    broker: int | None = None
    database: int | None = None


DIRECT = Links()


@dataclass(frozen=True)
class Platform:
    """A database, a broker, and the processes that run between them; `say` tells a person how far a fault is."""

    database: Database
    broker: Broker
    issuer: Issuer
    nursery: Nursery
    folder: Path
    say: Callable[[str], None] = silent
    services: list[Service] = field(default_factory=list)

    def api(self, links: Links = DIRECT) -> Service:
        """Start the API that records entries."""
        port = free_port()
        tokens = self.issuer.settings()
        told = {"CAIXA_PORT": str(port), "CAIXA_TOKEN_ISSUER": tokens.token_issuer, "CAIXA_JWKS_URL": tokens.jwks_url}
        return self._start("caixa-fluxo", "api", "fluxo", links, told, f"http://127.0.0.1:{port}")

    def relay(self, links: Links = DIRECT, **settings: object) -> Service:
        """Start a relay with these settings (batch: CAIXA_RELAY_BATCH…)."""
        told = {f"CAIXA_RELAY_{name.upper()}": str(value) for name, value in settings.items()}
        return self._start("caixa-fluxo", "relay", "fluxo", links, told)

    def consumer(self, links: Links = DIRECT, **settings: object) -> Service:
        """Start a consumer with these settings (prefetch: CAIXA_PREFETCH…)."""
        told = {f"CAIXA_{name.upper()}": str(value) for name, value in settings.items()}
        return self._start("caixa-saldo", "consumer", "saldo", links, told)

    def replay(self) -> Service:
        """Start a replay of what was set apart, which ends by itself."""
        return self._start("caixa-saldo", "replay", "saldo", DIRECT, {})

    def broker_through(self, user: str, port: int) -> BrokerSettings:
        """Give a user's settings of the broker, by way of another port."""
        own = self.broker.settings(user)
        return BrokerSettings(broker_url=_broker_url(port), broker_user=own.broker_user, broker_password=own.broker_password)

    def _start(self, program: str, command: str, user: str, links: Links, settings: dict[str, str], url: str = "") -> Service:
        management = free_port()
        schema = f"caixa_{user}"
        environ = {
            **minimal(),
            **self.database.environ(user, schema),
            **self.broker.environ(user),
            "CAIXA_MANAGEMENT_PORT": str(management),
            **settings,
        }
        if links.broker is not None:
            environ["CAIXA_BROKER_URL"] = _broker_url(links.broker)
        if links.database is not None:
            environ["CAIXA_DATABASE_URL"] = f"mysql://127.0.0.1:{links.database}/{schema}"
        log = self.folder / f"{len(self.services)}-{command}.log"
        service = Service(self.nursery.process(program, command, log=log, environ=environ), f"http://127.0.0.1:{management}", url)
        service.process.start()
        self.services.append(service)
        return service

    async def put(self, lancamentos: Sequence[LancamentoRegistrado]) -> int:
        """Put entries' events into the outbox in one transaction, as fluxo's user; give the first row's id."""
        return await asyncio.to_thread(self._put, lancamentos)

    def _put(self, lancamentos: Sequence[LancamentoRegistrado]) -> int:
        with connected(self.database.port, self.database.address.passwords["fluxo"], user="fluxo", schema="caixa_fluxo") as connection:
            connection.begin()
            with connection.cursor() as cursor:
                cursor.execute(INSERT, row_of(lancamentos[0]))
                first = int(cursor.lastrowid)
                cursor.executemany(INSERT, [row_of(lancamento) for lancamento in lancamentos[1:]])
            connection.commit()
        return first

    def kill_all(self) -> None:
        """SIGKILL whatever still runs."""
        for service in self.services:
            service.process.kill()


def some_entries(number: int) -> list[LancamentoRegistrado]:
    """Give so many entries of one merchant's day, each of another value."""
    merchant = uuid4()
    return [entry(merchant, valor) for valor in range(1, number + 1)]


def row_of(lancamento: LancamentoRegistrado) -> tuple[bytes, str, bytes, datetime]:
    """Give an entry's row of the outbox."""
    return lancamento.id.bytes, LANCAMENTO_REGISTRADO, body_of(lancamento), datetime.now(UTC).replace(tzinfo=None)


def _broker_url(port: int) -> str:
    return f"amqp://127.0.0.1:{port}/{VHOST}"
