"""A gateway over a real database, in front of real HTTP services that a test can stop."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from caixa_comum import migrations
from tests.integration.gateway.door import Door, opened, settings_for
from tests.local.database import Database

SCHEMA = "caixa_gateway"


@pytest.fixture(scope="session")
def schema(mysql: Database) -> Database:
    """Give the database with the gateway's schema migrated, by the user that may."""
    asyncio.run(migrations.upgrade(mysql.settings("gateway_migration", SCHEMA), "caixa_gateway"))
    return mysql


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file with a signing key."""
    file = tmp_path_factory.mktemp("gateway") / "key.pem"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return file


@pytest.fixture
def rate_limit() -> str:
    """Give the rate that the gateway is told; a test may override it."""
    return "10000/second"


@pytest.fixture
def answer_seconds() -> float:
    """Give the seconds that a service has to answer; a test may override it."""
    return 60.0


@pytest.fixture
async def door(schema: Database, key_file: Path, rate_limit: str, answer_seconds: float) -> AsyncIterator[Door]:
    """Give a gateway that serves on ports of its own, with its services behind it."""
    settings = settings_for(schema.settings("gateway", SCHEMA), str(key_file), rate_limit=rate_limit, answer_seconds=answer_seconds)
    async with opened(settings) as door:
        yield door
