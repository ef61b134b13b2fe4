"""The merchants' table: all SQL of the gateway."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import Column, Index, MetaData, String, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from caixa_comum.columns import UtcMicros, Uuid16, ascii_text

metadata = MetaData()
comerciante = Table(
    "comerciante",
    metadata,
    Column("id", Uuid16(), primary_key=True),
    Column("nome", String(140), nullable=False),
    Column("fuso", ascii_text(64), nullable=False),
    Column("client_id", ascii_text(64), nullable=False, unique=True),
    Column("secret_hash", ascii_text(255), nullable=False),
    Column("criado_em", UtcMicros(), nullable=False),
    Column("desativado_em", UtcMicros(), nullable=True),
    Index("desativado_em", "desativado_em"),
)


class Cadastro(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant as it is kept; of the secret only its hash."""

    id: UUID
    nome: str
    fuso: str
    client_id: str
    secret_hash: str
    criado_em: datetime
    desativado_em: datetime | None = None


async def add(connection: AsyncConnection, cadastro: Cadastro) -> None:
    """Add a merchant; the caller commits."""
    await connection.execute(insert(comerciante).values(**msgspec.structs.asdict(cadastro)))


async def by_client_id(connection: AsyncConnection, client_id: str) -> Cadastro | None:
    """Find the merchant of a client id, disabled or not."""
    row = (await connection.execute(select(comerciante).where(comerciante.c.client_id == client_id))).mappings().one_or_none()
    return Cadastro(**row) if row is not None else None


async def find(connection: AsyncConnection, comerciante_id: UUID) -> Cadastro | None:
    """Find a merchant by its id, disabled or not."""
    row = (await connection.execute(select(comerciante).where(comerciante.c.id == comerciante_id))).mappings().one_or_none()
    return Cadastro(**row) if row is not None else None


async def page(connection: AsyncConnection, *, before: UUID | None, limit: int) -> list[Cadastro]:
    """Give at most `limit` merchants, newest first (ids grow with time), from the one after `before` on."""
    query = select(comerciante).order_by(comerciante.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(comerciante.c.id < before)
    return [Cadastro(**row) for row in (await connection.execute(query)).mappings()]


async def replace_secret(connection: AsyncConnection, comerciante_id: UUID, secret_hash: str) -> None:
    """Keep another secret's hash in the place of the old one; the caller commits."""
    await connection.execute(update(comerciante).where(comerciante.c.id == comerciante_id).values(secret_hash=secret_hash))


async def disable(connection: AsyncConnection, comerciante_id: UUID, when: datetime) -> None:
    """Disable a merchant, unless it is already; the caller commits."""
    active = (comerciante.c.id == comerciante_id) & comerciante.c.desativado_em.is_(None)
    await connection.execute(update(comerciante).where(active).values(desativado_em=when))


async def enable(connection: AsyncConnection, comerciante_id: UUID) -> None:
    """Enable a merchant again; the caller commits."""
    await connection.execute(update(comerciante).where(comerciante.c.id == comerciante_id).values(desativado_em=None))


async def disabled_since(connection: AsyncConnection, instant: datetime) -> list[UUID]:
    """Give the merchants that were disabled at `instant` or later, and still are."""
    query = select(comerciante.c.id).where(comerciante.c.desativado_em >= instant)
    return list((await connection.execute(query)).scalars())
