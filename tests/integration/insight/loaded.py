"""A platform that has been used: entries, refusals, forged tokens, reads, a redelivery and a message that cannot be applied."""

import asyncio
import secrets
import urllib.request
from dataclasses import dataclass, field

import aio_pika
import aiohttp
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from caixa_comum.topology import PARKING
from tests.cluster.shop import Credentials, Merchant, all_of, opened
from tests.local.broker import Broker
from tests.local.database import Database
from tests.local.platform import Platform

ENTRIES = 60


@dataclass
class Loaded:
    """The processes and their servers."""

    platform: Platform
    database: Database
    broker: Broker
    merchants: list[Merchant] = field(default_factory=list)

    @property
    def admin(self) -> Credentials:
        """The administrator."""
        identity = self.platform.wiring.identity
        return Credentials(identity.admin_id, identity.admin_secret)

    def metrics(self, name: str) -> dict[str, Metric]:
        """Return what a process exports at /metrics, by family."""
        return exported(self.platform.one(name).program.management_port)


def exported(management_port: int) -> dict[str, Metric]:
    """Scrape /metrics once; families of our own, by the name that queries use."""
    with urllib.request.urlopen(f"http://127.0.0.1:{management_port}/metrics", timeout=10) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    named = {f"{one.name}_total" if one.type == "counter" else one.name: one for one in families}
    return {name: one for name, one in named.items() if name.startswith("caixa_") and not name.endswith("_created")}


async def load(loaded: Loaded) -> None:
    """Use the platform until all its parts have something to tell, and return once every balance holds what was accepted."""
    async with opened(loaded.platform.gateway, loaded.admin) as shop:
        loaded.merchants = [await shop.register("Padaria da Esquina"), await shop.register("Banca do Zé")]
        await all_of(shop, loaded.merchants, ENTRIES, at_once=12)
        await shop.caught_up(loaded.merchants, seconds=60)
        await shop.entries(loaded.merchants[0])
        token = await shop.token(loaded.merchants[0].credentials)
    async with aiohttp.ClientSession(loaded.platform.gateway) as session:
        entries = "/api/v1/lancamentos"
        for headers, status in (({"Authorization": "Bearer falso"}, 401), ({"Authorization": f"Bearer {token}"}, 400)):
            async with session.post(entries, json={"tipo": "credito"}, headers=headers) as answer:
                assert answer.status == status
        wrong = {"Authorization": aiohttp.encode_basic_auth(loaded.merchants[0].credentials.client_id, "errado")}
        async with session.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=wrong) as answer:
            assert answer.status == 401
    await _spoil(loaded)


async def _spoil(loaded: Loaded) -> None:
    """Send one message that is no event, and park another."""
    name, password = loaded.broker.admin
    connection = await aio_pika.connect(f"amqp://{name}:{password}@127.0.0.1:{loaded.broker.port}/caixa")
    async with connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange("caixa.eventos", ensure=False)
        await exchange.publish(aio_pika.Message(b"{}", message_id=secrets.token_hex(8)), routing_key="br.caixa.nada.v1")
        await channel.default_exchange.publish(aio_pika.Message(b"{}"), routing_key=PARKING)


async def eventually_measured(loaded: Loaded, process: str, name: str, least: float) -> None:
    """Wait until a process's metric, its samples added up, is at least so much."""
    for _ in range(300):
        samples = loaded.metrics(process)[name].samples
        if sum(one.value for one in samples) >= least:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{process}: {name} stays below {least}")
