"""The quarantine: messages that could not be applied, kept whole until a person or a newer version deals with them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.dialects.mysql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from caixa_saldo.messages import Rejection
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
