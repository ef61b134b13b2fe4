"""The merchants' table: all SQL of the gateway."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import Column, MetaData, String, Table, insert, select
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


async def active_by_client_id(connection: AsyncConnection, client_id: str) -> Cadastro | None:
    """Find the merchant of a client id, unless it is disabled."""
    query = select(comerciante).where(comerciante.c.client_id == client_id, comerciante.c.desativado_em.is_(None))
    row = (await connection.execute(query)).mappings().one_or_none()
    return Cadastro(**row) if row is not None else None
