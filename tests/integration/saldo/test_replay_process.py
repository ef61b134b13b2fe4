"""Trying again what was set apart."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

from aio_pika import Message
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.broker import connect
from caixa_comum.dominio import MAIOR_VALOR
from caixa_comum.settings import DatabaseSettings, ServerSettings
from caixa_comum.topology import PARKING, PARKING_EXCHANGE
from caixa_saldo import quarantine
from caixa_saldo.applier import Outcome
from caixa_saldo.messages import Message as Received
from caixa_saldo.messages import rejection
from caixa_saldo.replay import Replayed
from caixa_saldo.replay_process import run_replay
from caixa_saldo.settings import ReplaySettings
from tests.integration.saldo.entries import DIA, Stored, body_of, count, entry, received, stored
from tests.integration.saldo.test_applier import applier
from tests.local.broker import Broker
from tests.local.database import Database
from tests.local.waiting import eventually


async def _replay(schema: DatabaseSettings, broker: Broker) -> Replayed:
    settings = ReplaySettings(server=ServerSettings(), database=schema, broker=broker.settings("saldo"))
    return await run_replay(settings, asyncio.Event())


async def test_a_refused_entry_is_applied_once_its_cause_is_put_right(
    schema: DatabaseSettings, engine: AsyncEngine, mysql: Database, queues: Broker
) -> None:
    """What overflowed stays while it would again, with its reason, and is applied exactly once when there is room."""
    merchant = uuid4()
    await applier(engine).apply([received(entry(merchant, 1))])
    mysql.server.execute(["UPDATE caixa_saldo.saldo_diario SET total_creditos = 9223372036854775807"])
    big = received(entry(merchant, MAIOR_VALOR))
    assert await applier(engine).apply([big]) == Outcome(quarantined=1)
    assert await _replay(schema, queues) == Replayed(kept=1)
    ((times, reason),) = mysql.query("SELECT times, reason FROM quarentena", schema="caixa_saldo")
    assert times == 2
    assert "out of range" in reason
    mysql.server.execute(["UPDATE caixa_saldo.saldo_diario SET total_creditos = 1"])
    assert await _replay(schema, queues) == Replayed(applied=1)
    assert await _replay(schema, queues) == Replayed()
    assert stored(mysql) == {(merchant, "BRL", DIA): Stored(MAIOR_VALOR + 1, 0, 2)}


async def test_what_is_in_the_balance_already_only_leaves_the_quarantine(
    schema: DatabaseSettings, engine: AsyncEngine, mysql: Database, queues: Broker
) -> None:
    """An entry that was applied since counts once; garbage stays."""
    merchant = uuid4()
    late = received(entry(merchant, 5))
    await applier(engine).apply([Received(body=b"garbage"), late])
    async with engine.begin() as connection:
        await quarantine.keep(connection, [rejection(late, "refused by an earlier release")], datetime.now(UTC))
    assert await _replay(schema, queues) == Replayed(duplicates=1, kept=1)
    assert count(mysql, "quarentena") == 1
    assert stored(mysql) == {(merchant, "BRL", DIA): Stored(5, 0, 1)}


async def test_parked_messages_are_applied_or_set_apart(schema: DatabaseSettings, mysql: Database, queues: Broker) -> None:
    """What the broker parked after too many deliveries is applied; poison among it moves to the quarantine."""
    merchant = uuid4()
    async with await connect(queues.settings("admin"), "test") as connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange(PARKING_EXCHANGE, ensure=False)
        for body in [*(body_of(entry(merchant, 1)) for _ in range(250)), b"poison"]:
            await exchange.publish(Message(body), "")
    assert await _replay(schema, queues) == Replayed(kept=1)
    assert stored(mysql) == {(merchant, "BRL", DIA): Stored(250, 0, 250)}
    assert count(mysql, "quarentena") == 1
    await eventually("the parking queue is empty", partial(_is_empty, queues))


async def _is_empty(broker: Broker) -> bool:
    async with await connect(broker.settings("saldo"), "test") as connection:
        channel = await (await connection.channel()).get_underlay_channel()
        return (await channel.basic_get(PARKING)).delivery_tag is None
