"""Stores by TLS, against a real database and a real broker: verified, host name included, and never quietly without."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from caixa_comum import broker
from caixa_comum.database import create_engine, is_unavailable
from caixa_comum.settings import BrokerSettings, ConfigurationError, DatabaseSettings
from caixa_operator.autoscaler.queue import Queue, QueueUnreadable
from tests.integration.comum.secured import HOST, SecuredBroker, secured_broker, secured_database
from tests.kubernetes.certificates import Authority
from tests.local.database import Database
from tests.local.waiting import eventually

AUTHORITY, STRANGER = Authority("teste"), Authority("outra")
CA = AUTHORITY.certificate.decode()
SCHEMA = "caixa_fluxo"


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Give a database whose user fluxo may come by TLS only."""
    with secured_database(AUTHORITY, tmp_path_factory.mktemp("secured-mysql")) as served:
        users = served.query("SELECT host FROM mysql.user WHERE user = 'fluxo'")
        served.server.execute(f"ALTER USER 'fluxo'@'{host}' REQUIRE SSL" for (host,) in users)
        yield served


@pytest.fixture(scope="module")
def rabbit_by_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    """Give a broker that speaks TLS."""
    with secured_broker(AUTHORITY, tmp_path_factory.mktemp("secured-rabbit")) as served:
        yield served


async def cipher(settings: DatabaseSettings) -> str:
    """Return what a connection is encrypted with. Raises DBAPIError when none comes about."""
    engine = create_engine(settings, pool=1)
    try:
        async with engine.connect() as connection:
            return str((await connection.execute(text("SHOW STATUS LIKE 'Ssl_cipher'"))).one()[1])
    finally:
        await engine.dispose()


def fluxo(database: Database, ca: str, host: str = HOST) -> DatabaseSettings:
    """Return fluxo's settings with an authority, at another of the server's names."""
    settings = database.settings("fluxo", SCHEMA)
    return msgspec.structs.replace(settings, database_ca=ca, database_url=f"mysql://{host}:{database.port}/{SCHEMA}")


async def test_a_database_is_reached_by_tls_with_its_authority_as_text_or_file(secured: Database, tmp_path: Path) -> None:
    """The connection is encrypted, and a user who may not come otherwise is let in."""
    file = tmp_path / "ca.pem"
    file.write_text(CA)
    for ca in (CA, str(file)):
        assert (await cipher(fluxo(secured, ca))).startswith(("TLS_", "ECDHE-"))


@pytest.mark.parametrize(
    ("ca", "host"), [(STRANGER.certificate.decode(), HOST), ("system", HOST), (CA, "localhost")], ids=["stranger", "system", "name"]
)
async def test_a_database_that_does_not_prove_its_name_counts_as_away(secured: Database, ca: str, host: str) -> None:
    """Another authority's word, or another name's certificate, is none; the services wait as for one that is down."""
    with pytest.raises(DBAPIError) as refused:
        await cipher(fluxo(secured, ca, host))
    assert is_unavailable(refused.value)


async def test_a_database_without_tls_is_never_spoken_to_in_the_clear(secured: Database, mysql: Database) -> None:
    """Where TLS is wanted and there is none the connection fails; without an authority nothing is encrypted, and such a user refused."""
    if (mysql.query("SELECT @@have_ssl") or [("DISABLED",)])[0][0] != "YES":
        with pytest.raises((DBAPIError, OSError)):
            await cipher(fluxo(mysql, CA))
    with pytest.raises(DBAPIError, match="Access denied"):
        await cipher(fluxo(secured, ""))


def saldo(served: SecuredBroker, ca: str, host: str = HOST) -> BrokerSettings:
    """Return saldo's settings by TLS."""
    return msgspec.structs.replace(served.broker.settings("saldo"), broker_url=served.url(host), broker_ca=ca)


async def test_a_broker_is_reached_by_tls_with_its_authority(rabbit_by_tls: SecuredBroker) -> None:
    """A channel opens over the verified connection."""
    connection = await broker.connect(saldo(rabbit_by_tls, CA), "teste")
    async with connection:
        assert (await connection.channel()).is_initialized


@pytest.mark.parametrize(
    ("ca", "host"), [(STRANGER.certificate.decode(), HOST), ("", HOST), (CA, "localhost")], ids=["stranger", "system", "name"]
)
async def test_a_broker_that_does_not_prove_its_name_counts_as_lost(rabbit_by_tls: SecuredBroker, ca: str, host: str) -> None:
    """Without an authority of its own the system's are asked, and know none such."""
    with pytest.raises(broker.BROKER_ERRORS):
        await broker.connect(saldo(rabbit_by_tls, ca, host), "teste")


async def test_the_autoscaler_reads_the_queue_by_https(rabbit_by_tls: SecuredBroker) -> None:
    """With the authority the figures come; without it the queue counts as unreadable."""
    url, password = f"https://{HOST}:{rabbit_by_tls.https}", rabbit_by_tls.broker.operator_password
    async with aiohttp.ClientSession() as session:
        trusting = Queue(session, url, password, trust=ssl.create_default_context(cadata=CA))

        async def read() -> bool:
            try:
                return (await trusting.read()).ready == 0
            except QueueUnreadable as error:
                assert "the management API's answer is none" in str(error), "it has no figures yet"
                return False

        await eventually("the broker has figures", read)
        with pytest.raises(QueueUnreadable, match="does not answer: ClientConnectorCertificateError"):
            await Queue(session, url, password).read()


async def test_an_authority_that_is_none_ends_the_process_by_name(rabbit_by_tls: SecuredBroker, secured: Database) -> None:
    """As any wrong variable; and one for a broker without TLS is refused, for it would promise what is not there."""
    with pytest.raises(ConfigurationError, match="CAIXA_DATABASE_CA: must be system, certificates as PEM, or a file of them"):
        create_engine(fluxo(secured, "/nonexistent/ca.pem"))
    with pytest.raises(ConfigurationError, match="CAIXA_BROKER_CA: must be"):
        broker.url_of(saldo(rabbit_by_tls, "-----BEGIN nothing"))
    with pytest.raises(ConfigurationError, match="CAIXA_BROKER_CA: is for a CAIXA_BROKER_URL that begins with amqps://"):
        broker.url_of(msgspec.structs.replace(rabbit_by_tls.broker.settings("saldo"), broker_ca=CA))
