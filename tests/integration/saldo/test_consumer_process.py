"""The consumer between a real broker and a real database."""

import asyncio
from functools import partial
from uuid import uuid4

import msgspec

from caixa_comum.broker import connect
from caixa_comum.settings import BrokerSettings, DatabaseSettings
from caixa_comum.topology import QUEUE
from tests.integration.saldo.entries import DIA, Stored, body_of, count, entry, publish, publish_entries, stored
from tests.integration.saldo.proxy import Proxy
from tests.integration.saldo.running import consumer
from tests.local.broker import Broker
from tests.local.database import Database
from tests.local.waiting import eventually


async def _applied(mysql: Database, events: int) -> bool:
    return await asyncio.to_thread(count, mysql, "inbox") >= events


async def _drained(broker: Broker) -> bool:
    """Ask the broker itself: nothing ready, by taking one message and giving it back."""
    connection = await connect(broker.settings("admin"), "test")
    async with connection:
        channel = await connection.channel()
        declared = await (await channel.get_underlay_channel()).queue_declare(QUEUE, passive=True)
        return declared.message_count == 0 and (declared.consumer_count or 0) == 0


def _through(proxy: Proxy, settings: DatabaseSettings) -> DatabaseSettings:
    return msgspec.structs.replace(settings, database_url=f"mysql://127.0.0.1:{proxy.port}/caixa_saldo")


def _broker_through(proxy: Proxy, settings: BrokerSettings) -> BrokerSettings:
    return msgspec.structs.replace(settings, broker_url=f"amqp://127.0.0.1:{proxy.port}/caixa")


async def test_what_is_published_arrives_in_the_balance(schema: DatabaseSettings, mysql: Database, queues: Broker) -> None:
    """Entries published as fluxo's relay does are in the balance, acknowledged, and gone from the queue after a stop."""
    merchant = uuid4()
    async with consumer(schema, queues.settings("saldo")) as running:
        await running.until_ready()
        await publish_entries(queues, [entry(merchant, 2) for _ in range(500)])
        await eventually("500 entries are applied", partial(_applied, mysql, 500))
    assert stored(mysql) == {(merchant, "BRL", DIA): Stored(1000, 0, 500)}
    await eventually("the queue is empty", partial(_drained, queues))


async def test_two_consumers_on_one_merchants_day_count_every_entry_once(schema: DatabaseSettings, mysql: Database, queues: Broker) -> None:
    """Two consumers share the queue and one hot row, each message published twice; the balance is exact."""
    merchant = uuid4()
    entries = [entry(merchant, 1) for _ in range(600)]
    async with consumer(schema, queues.settings("saldo"), batch=20) as one, consumer(schema, queues.settings("saldo"), batch=20) as two:
        await asyncio.gather(one.until_ready(), two.until_ready())
        await asyncio.gather(publish_entries(queues, entries), publish_entries(queues, entries))
        await eventually("600 entries are applied", partial(_applied, mysql, 600))
    assert stored(mysql) == {(merchant, "BRL", DIA): Stored(600, 0, 600)}


async def test_poison_neither_blocks_the_queue_nor_is_lost(schema: DatabaseSettings, mysql: Database, queues: Broker) -> None:
    """Unreadable and unknown messages end in quarantine, and what stands behind them is applied."""
    merchant = uuid4()
    good = [entry(merchant, 1) for _ in range(20)]
    unknown = body_of(entry()).replace(b"registrado.v1", b"registrado.v9")
    bodies = [(str(lancamento.id), body_of(lancamento)) for lancamento in good]
    bodies[3:3] = [("no uuid", b"{}"), (str(uuid4()), unknown)]
    async with consumer(schema, queues.settings("saldo")) as running:
        await running.until_ready()
        await publish(queues, bodies)
        await eventually("20 entries are applied", partial(_applied, mysql, 20))

        async def quarantined() -> bool:
            return await asyncio.to_thread(count, mysql, "quarentena") == 2

        await eventually("2 messages are in quarantine", quarantined)
    await eventually("the queue is empty", partial(_drained, queues))


async def test_a_batch_is_held_while_the_database_is_away(schema: DatabaseSettings, mysql: Database, queues: Broker) -> None:
    """With the database cut off the consumer keeps its messages, says what is down, and applies them once it is back."""
    merchant = uuid4()
    proxy = Proxy(mysql.port)
    async with proxy, consumer(_through(proxy, schema), queues.settings("saldo")) as running:
        await running.until_ready()
        await publish_entries(queues, [entry(merchant, 1) for _ in range(10)])
        await eventually("10 entries are applied", partial(_applied, mysql, 10))
        await proxy.cut()
        await publish_entries(queues, [entry(merchant, 1) for _ in range(300)])

        async def database_is_named() -> bool:
            status, checks = await running.readiness()
            return status == 503 and checks["banco"] != "ok" and checks["broker"] == "ok"

        await eventually("readiness names the database alone", database_is_named)
        assert count(mysql, "inbox") == 10
        await proxy.mend()
        await eventually("everything is applied", partial(_applied, mysql, 310))
        await running.until_ready()
    assert stored(mysql) == {(merchant, "BRL", DIA): Stored(310, 0, 310)}
    assert count(mysql, "quarentena") == 0


async def test_told_to_stop_while_the_database_is_away_nothing_is_lost(schema: DatabaseSettings, mysql: Database, queues: Broker) -> None:
    """A consumer that ends while it holds a batch gives it back; the next one applies it."""
    merchant = uuid4()
    proxy = Proxy(mysql.port)
    async with proxy:
        async with consumer(_through(proxy, schema), queues.settings("saldo")) as running:
            await running.until_ready()
            await proxy.cut()
            await publish_entries(queues, [entry(merchant, 1) for _ in range(50)])
        assert count(mysql, "inbox") == 0
    async with consumer(schema, queues.settings("saldo")):
        await eventually("the next consumer applies them", partial(_applied, mysql, 50))
    assert stored(mysql) == {(merchant, "BRL", DIA): Stored(50, 0, 50)}


async def test_a_lost_broker_is_found_again_and_redelivery_changes_nothing(
    schema: DatabaseSettings, mysql: Database, queues: Broker
) -> None:
    """The consumer reconnects by itself; what was under way comes again and counts once."""
    merchant = uuid4()
    proxy = Proxy(queues.port)
    async with proxy, consumer(schema, _broker_through(proxy, queues.settings("saldo")), batch=10) as running:
        await running.until_ready()

        async def broker_is_named() -> bool:
            status, checks = await running.readiness()
            return status == 503 and checks["broker"] != "ok" and checks["banco"] == "ok"

        async with asyncio.TaskGroup() as group:
            group.create_task(publish_entries(queues, [entry(merchant, 1) for _ in range(1000)]))
            await eventually("some entries are applied", partial(_applied, mysql, 10))
            await proxy.cut()
            await eventually("readiness names the broker alone", broker_is_named)
        await proxy.mend()
        await eventually("everything is applied", partial(_applied, mysql, 1000))
        await running.until_ready()
    assert stored(mysql) == {(merchant, "BRL", DIA): Stored(1000, 0, 1000)}


async def test_a_consumer_that_starts_before_its_servers_waits_for_them(schema: DatabaseSettings, mysql: Database, queues: Broker) -> None:
    """Neither server needs to be there first: the process is alive, unready, and starts to work when both come."""
    merchant = uuid4()
    await publish_entries(queues, [entry(merchant, 1) for _ in range(5)])
    database, broker = Proxy(mysql.port), Proxy(queues.port)
    async with consumer(_through(database, schema), _broker_through(broker, queues.settings("saldo"))) as running:

        async def unready() -> bool:
            return (await running.readiness())[0] == 503

        await eventually("the process says that it is not ready", unready)
        async with database, broker:
            await eventually("the entries are applied", partial(_applied, mysql, 5))
            await running.end()
    assert stored(mysql) == {(merchant, "BRL", DIA): Stored(5, 0, 5)}
