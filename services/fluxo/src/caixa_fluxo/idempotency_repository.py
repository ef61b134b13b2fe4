"""The SQL that forgets answers that were kept long enough."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from caixa_comum.columns import UtcMicros

OLDEST = text(
    "SELECT created_at FROM idempotencia FORCE INDEX (ix_idempotencia_created_at) WHERE created_at < :before"
    " ORDER BY created_at LIMIT :limit"
).columns(created_at=UtcMicros())

FORGET = text("DELETE kept FROM idempotencia AS kept FORCE INDEX (ix_idempotencia_created_at) WHERE kept.created_at <= :until")
"""By the index, and so written that it may be named: planned as a scan it would wait for the keys that are being claimed."""


async def forget_oldest(connection: AsyncConnection, before: datetime, limit: int) -> tuple[int, bool]:
    """Delete about `limit` of the keys claimed before this instant, the oldest first; return how many, and whether more may be left.

    Keys of one instant go together. What another purge holds is waited for; who claims a key is not kept waiting, unless it is
    one of these.
    """
    parameters = {"before": before.replace(tzinfo=None), "limit": limit}
    oldest = (await connection.execute(OLDEST, parameters)).scalars().all()
    if not oldest:
        return 0, False
    done = await connection.execute(FORGET, {"until": oldest[-1].replace(tzinfo=None)})
    return done.rowcount, len(oldest) == limit
