"""The quarantine: messages that could not be applied, kept whole until a person or a newer version deals with them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from caixa_saldo.messages import TEXT_LIMIT, Rejection
from caixa_saldo.tables import quarentena


async def keep(connection: AsyncConnection, rejections: Sequence[Rejection], now: datetime) -> None:
    """Set the messages apart; one that is there already (redelivered, or refused again) only counts up."""
    statement = insert(quarentena)
    statement = statement.on_duplicate_key_update(times=quarentena.c.times + statement.inserted.times, reason=statement.inserted.reason)
    unique = {rejection.id: rejection for rejection in rejections}
    await connection.execute(
        statement,
        [
            {
                "id": rejection.id,
                "event_id": rejection.event_id,
                "body": rejection.body,
                "headers": rejection.headers,
                "reason": rejection.reason,
                "received_at": now,
                "times": 1,
            }
            for rejection in sorted(unique.values(), key=lambda rejection: rejection.id)
        ],
    )


class Kept(msgspec.Struct, frozen=True):
    """A message in quarantine, as far as trying it again needs it."""

    id: UUID
    body: bytes


async def page(connection: AsyncConnection, after: UUID | None, limit: int) -> list[Kept]:
    """Give up to `limit` messages in the order of their ids, those after the given one."""
    statement = select(quarentena.c.id, quarentena.c.body).order_by(quarentena.c.id).limit(limit)
    if after is not None:
        statement = statement.where(quarentena.c.id > after)
    return [Kept(found, bytes(body)) for found, body in await connection.execute(statement)]


async def count(connection: AsyncConnection) -> int:
    """Count the messages in quarantine."""
    return int((await connection.execute(select(func.count()).select_from(quarentena))).scalar_one())


async def release(connection: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Let go of messages that the balances include now."""
    await connection.execute(delete(quarentena).where(quarentena.c.id.in_(ids)))


async def refuse_again(connection: AsyncConnection, message_id: UUID, reason: str) -> None:
    """Keep a message that was tried again in vain, with the newest reason."""
    statement = update(quarentena).where(quarentena.c.id == message_id)
    await connection.execute(statement.values(times=quarentena.c.times + 1, reason=reason[:TEXT_LIMIT]))
