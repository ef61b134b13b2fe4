"""Trying again what was set apart: after a release that knows more events, or once what refused an entry was put right."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from uuid import UUID

import msgspec
from aio_pika.abc import AbstractConnection
from aiormq.abc import DeliveredMessage
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.identifiers import uuid7
from caixa_comum.topology import PARKING
from caixa_saldo import quarantine
from caixa_saldo.applier import Applier
from caixa_saldo.consumption import message_of
from caixa_saldo.messages import Message, triage
from caixa_saldo.quarantine import Kept
from caixa_saldo.transactions import until_done

PAGE = 200


class Replayed(msgspec.Struct):
    """What became of the messages in quarantine: now in the balances, there already, or still set apart."""

    applied: int = 0
    duplicates: int = 0
    kept: int = 0


async def replay_quarantine(engine: AsyncEngine, applier: Applier, stop: asyncio.Event) -> Replayed:
    """Try each message in quarantine once more. Raises Stopped when told to stop while the database is down.

    A message leaves the quarantine only after the balances include it; ending in between is safe, since the inbox
    knows the event the next time.
    """
    total = Replayed()
    last: UUID | None = None
    while kept := await until_done(partial(_page, engine, last), stop):
        for one in kept:
            await _again(engine, applier, stop, one, total)
        last = kept[-1].id
    return total


async def replay_parking(connection: AbstractConnection, apply: Callable[[Sequence[Message]], Awaitable[object]]) -> int:
    """Apply what the broker parked after too many deliveries (consumers that died with it); what is poison goes to quarantine.

    Returns how many messages left the parking queue.
    """
    channel = await connection.channel(publisher_confirms=False)
    wire = await channel.get_underlay_channel()
    moved = 0
    while True:
        taken: list[DeliveredMessage] = []
        while len(taken) < PAGE and (got := await wire.basic_get(PARKING)).delivery_tag is not None:
            taken.append(got)
        if not taken:
            return moved
        await apply([message_of(delivery) for delivery in taken])
        last = taken[-1].delivery_tag
        if last is not None:
            await wire.basic_ack(last, multiple=True)
        moved += len(taken)


async def _page(engine: AsyncEngine, after: UUID | None) -> list[Kept]:
    async with engine.connect() as connection:
        return await quarantine.page(connection, after, PAGE)


async def _again(engine: AsyncEngine, applier: Applier, stop: asyncio.Event, one: Kept, total: Replayed) -> None:
    events, rejections = triage([Message(one.body)])
    outcome, refused = await applier.add(events, uuid7())
    reasons = [rejection.reason for rejection in rejections] + [reason for _, reason in refused]
    total.applied += outcome.applied
    total.duplicates += outcome.duplicates
    total.kept += len(reasons)
    await until_done(lambda: _settle(engine, one, reasons), stop)


async def _settle(engine: AsyncEngine, one: Kept, reasons: Sequence[str]) -> None:
    async with engine.begin() as connection:
        if reasons:
            await quarantine.refuse_again(connection, one.id, reasons[0])
        else:
            await quarantine.release(connection, [one.id])
