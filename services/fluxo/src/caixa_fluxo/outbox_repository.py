"""The SQL of the outbox's far end: take a batch, forget what the broker confirmed, and say how much waits."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from caixa_fluxo.tables import outbox

COUNTED = 10_000
"""Rows that are counted one by one; beyond, the span of ids stands for their number."""

FORGET = text(
    "DELETE waiting FROM JSON_TABLE(:ids, '$[*]' COLUMNS (id BIGINT PATH '$')) AS confirmed"
    " STRAIGHT_JOIN outbox AS waiting FORCE INDEX (PRIMARY) ON waiting.id = confirmed.id"
)
"""One look-up by primary key per row: `id IN (…)` may be planned as a scan, which waits for other relays' rows and deadlocks."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An event that waits to be published."""

    id: int
    event_id: UUID
    routing_key: str
    payload: bytes
    traceparent: str | None


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """How many events wait, and since when the first one does."""

    rows: int
    oldest: datetime | None


async def lock_batch(connection: AsyncConnection, limit: int) -> list[Waiting]:
    """Lock up to `limit` of the oldest events that no other relay holds; they stay locked until this transaction ends."""
    rows = await connection.execute(select(outbox).order_by(outbox.c.id).limit(limit).with_for_update(skip_locked=True))
    return [
        Waiting(
            id=row.id,
            event_id=row.event_id,
            routing_key=row.routing_key,
            payload=bytes(row.payload),
            traceparent=row.traceparent,
        )
        for row in rows
    ]


async def forget(connection: AsyncConnection, ids: Collection[int]) -> None:
    """Delete the events with these ids."""
    if ids:
        await connection.execute(FORGET, {"ids": msgspec.json.encode(sorted(ids)).decode()})


async def backlog(connection: AsyncConnection) -> Backlog:
    """Measure what waits, at a cost that a long outage does not raise."""
    oldest = (await connection.execute(select(outbox.c.created_at).order_by(outbox.c.id).limit(1))).scalar_one_or_none()
    some = select(outbox.c.id).limit(COUNTED).subquery()
    rows: int = (await connection.execute(select(func.count()).select_from(some))).scalar_one()
    if rows == COUNTED:
        first, last = (await connection.execute(select(func.min(outbox.c.id), func.max(outbox.c.id)))).one()
        rows = last - first + 1
    return Backlog(rows=rows, oldest=oldest)
