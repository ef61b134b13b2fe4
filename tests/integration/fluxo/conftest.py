"""The entries' API over a real database, in the test's own loop."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum import migrations
from caixa_comum.database import create_engine
from caixa_comum.jwks import published_verifier
from caixa_fluxo.api import application
from caixa_fluxo.group_commit import Limits
from caixa_fluxo.tables import lancamento, outbox
from tests.issuer import Issuer
from tests.local.database import Database

SCHEMA = "caixa_fluxo"
LANCAMENTOS = "/api/v1/lancamentos"


class Fluxo:
    """A client of the API on behalf of one merchant, and a look behind it."""

    def __init__(self, client: httpx.AsyncClient, engine: AsyncEngine, issuer: Issuer, comerciante_id: UUID) -> None:
        self.client = client
        self.engine = engine
        self.issuer = issuer
        self.comerciante_id = comerciante_id
        self._token = issuer.token(comerciante_id)

    def of(self, comerciante_id: UUID) -> "Fluxo":
        """Speak for another merchant."""
        return Fluxo(self.client, self.engine, self.issuer, comerciante_id)

    def headers(self, key: str | None) -> dict[str, str]:
        """Give a request's headers, with an Idempotency-Key if there is one."""
        return {"Authorization": f"Bearer {self._token}"} | ({"Idempotency-Key": key} if key is not None else {})

    async def post(self, body: object = None, *, key: str | None = None, path: str = LANCAMENTOS) -> httpx.Response:
        """POST under a key (a new one by default)."""
        content = {"json": body} if body is not None else {}
        return await self.client.post(path, headers=self.headers(key or str(uuid4())), **content)  # type: ignore[arg-type] # JSON

    async def record(self, **fields: object) -> dict[str, Any]:  # Any: JSON
        """Record an entry of R$ 1,00 with these fields, and give it."""
        answer = await self.post({"tipo": "credito", "valor": 100, **fields})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def get(self, path: str, **parameters: str | int) -> httpx.Response:
        """GET below /api/v1/lancamentos."""
        return await self.client.get(LANCAMENTOS + path, headers=self.headers(None), params=parameters)

    async def entries(self) -> int:
        """Count the merchant's entries in the database."""
        async with self.engine.connect() as connection:
            statement = select(func.count()).select_from(lancamento).where(lancamento.c.comerciante_id == self.comerciante_id)
            return int((await connection.execute(statement)).scalar_one())

    async def events(self) -> int:
        """Count the events of the merchant's entries in the outbox."""
        async with self.engine.connect() as connection:
            of_merchant = outbox.join(lancamento, lancamento.c.id == outbox.c.event_id)
            statement = select(func.count()).select_from(of_merchant).where(lancamento.c.comerciante_id == self.comerciante_id)
            return int((await connection.execute(statement)).scalar_one())


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """Give the session's token issuer."""
    with Issuer() as running:
        yield running


@pytest.fixture(scope="session")
def migrated(mysql: Database) -> Database:
    """Give the database with fluxo's schema at its newest revision, migrated by the user who may."""
    asyncio.run(migrations.upgrade(mysql.settings("fluxo_migration", SCHEMA), SCHEMA))
    return mysql


@pytest.fixture
async def engine(migrated: Database) -> AsyncIterator[AsyncEngine]:
    """Give an engine of fluxo's own, least-privileged user."""
    engine = create_engine(migrated.settings("fluxo", SCHEMA))
    yield engine
    await engine.dispose()


@asynccontextmanager
async def serving(engine: AsyncEngine, issuer: Issuer, limits: Limits) -> AsyncIterator[Fluxo]:
    """Give a client of an API with these limits, for a new merchant."""
    async with published_verifier(issuer.settings()) as verifier, application(engine, verifier, limits) as app:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type] # Litestar's ASGI types say the same in other words
        async with httpx.AsyncClient(transport=transport, base_url="http://fluxo", timeout=60) as client:
            yield Fluxo(client, engine, issuer, uuid4())


@pytest.fixture
async def fluxo(engine: AsyncEngine, issuer: Issuer) -> AsyncIterator[Fluxo]:
    """Give the API as it runs by default."""
    async with serving(engine, issuer, Limits()) as client:
        yield client
