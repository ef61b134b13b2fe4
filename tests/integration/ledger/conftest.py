"""The whole ledger on real servers, from an entry's request to its balance, by a clock that the test moves."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from caixa_comum import migrations
from caixa_comum.application import serve
from caixa_comum.database import create_engine
from caixa_comum.jwks import published_verifier
from caixa_comum.management import management_app
from caixa_comum.readiness import database_check
from caixa_comum.settings import ServerSettings
from caixa_fluxo.api import application as fluxo_application
from caixa_fluxo.group_commit import Limits
from caixa_fluxo.relay_metrics import RelayMetrics
from caixa_fluxo.relay_process import run as run_relay
from caixa_fluxo.settings import RelaySettings
from caixa_saldo.api_process import application as saldo_application
from caixa_saldo.consumer_process import run_consumer
from caixa_saldo.settings import ConsumerSettings
from tests.integration.background import Background, Served
from tests.issuer import Issuer
from tests.local.broker import Broker
from tests.local.database import Database
from tests.local.ports import free_port


class Clock:
    """Tells the same instant until it is moved."""

    def __init__(self) -> None:
        """Begin somewhere."""
        self.now = datetime(2018, 11, 3, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Tell the instant, a microsecond later each time, so that nothing happens twice at once."""
        self.now += timedelta(microseconds=1)
        return self.now


class World:
    """fluxo's API, a relay, a consumer and saldo's API, all running by one clock."""

    def __init__(self, background: Background, mysql: Database, rabbit: Broker, issuer: Issuer) -> None:
        """Serve everything."""
        self.clock = Clock()
        self.issuer = issuer
        self.rabbit = rabbit
        self.background = background
        self._mysql = mysql
        self.fluxo, self.saldo = self._fluxo(), self._saldo()
        self._relay()
        self._consumer = self._consume()

    def restart_consumer(self) -> None:
        """End the consumer in the middle of whatever it does, and start another."""
        self.background.end(self._consumer)
        self._consumer = self._consume()

    def _fluxo(self) -> str:
        server = _server()

        async def run(stop: asyncio.Event) -> None:
            engine = create_engine(self._mysql.settings("fluxo", "caixa_fluxo"))
            async with (
                published_verifier(self.issuer.settings()) as verifier,
                fluxo_application(engine, verifier, Limits(), clock=self.clock) as app,
            ):
                await serve(app, server, management_app({"banco": database_check(engine)}), stop)
            await engine.dispose()

        self.background.serve(run, server.management_port)
        return f"http://127.0.0.1:{server.port}"

    def _saldo(self) -> str:
        server = _server()

        async def run(stop: asyncio.Event) -> None:
            engine = create_engine(self._mysql.settings("saldo", "caixa_saldo"))
            async with published_verifier(self.issuer.settings()) as verifier:
                app = saldo_application(engine, verifier, self.clock)
                await serve(app, server, management_app({"banco": database_check(engine)}), stop)
            await engine.dispose()

        self.background.serve(run, server.management_port)
        return f"http://127.0.0.1:{server.port}"

    def _relay(self) -> None:
        server = _server()
        database, broker = self._mysql.settings("fluxo", "caixa_fluxo"), self.rabbit.settings("fluxo")
        settings = RelaySettings(server=server, database=database, broker=broker, relay_poll_seconds=0.01)
        metrics = RelayMetrics(CollectorRegistry())
        self.background.serve(lambda stop: run_relay(settings, metrics, stop, clock=self.clock), server.management_port)

    def _consume(self) -> Served:
        server = _server()
        database, broker = self._mysql.settings("saldo", "caixa_saldo"), self.rabbit.settings("saldo")
        settings = ConsumerSettings(server=server, database=database, broker=broker, batch=20, batch_window_seconds=0.005)
        return self.background.serve(lambda stop: run_consumer(settings, stop, clock=self.clock))


def _server() -> ServerSettings:
    return ServerSettings(port=free_port(), management_port=free_port())


@pytest.fixture(scope="module")
def world(mysql: Database, rabbit: Broker, issuer: Issuer) -> Iterator[World]:
    """Give the ledger, empty; it ends with its module, since its consumer would take what other tests publish."""
    for name in ("fluxo", "saldo"):
        asyncio.run(migrations.upgrade(mysql.settings(f"{name}_migration", f"caixa_{name}"), f"caixa_{name}"))
    mysql.empty("caixa_fluxo", "caixa_saldo")
    rabbit.purge()
    with Background() as background:
        yield World(background, mysql, rabbit, issuer)
