"""P3: what the gateway costs, in throughput and in latency."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import aiohttp

from tests.bench.figure import Figure, Target, figure
from tests.bench.paced import paced
from tests.bench.wrk import posts
from tests.local.broker import BrokerAddress
from tests.local.database import Database
from tests.local.platform import Platform
from tests.local.ports import free_port
from tests.local.services import APIS, Wiring, new_identity

P3 = Target("P3", "POST /lancamentos through the gateway ÷ directly at fluxo, one process each", 0.5)
P3_P50 = Target("P3 p50", "the gateway's own share of the latency of a POST at 100/s, median", None)
P3_P99 = Target("P3 p99", "the same at the 99th percentile", None)
SECONDS = 5.0
WARM_SECONDS = 2.0
RATE = 100.0
"""Entries a second for latencies: far from what either sustains, so that what is measured is work and not waiting in line."""


def measure(database: Database, folder: Path, rounds: int, say: Callable[[str], None]) -> list[Figure]:
    """Serve gateway and fluxo, one process each, and load fluxo directly and through the gateway in turn, with the same token."""
    ports = {name: free_port() for name in APIS}
    told = {"CAIXA_LOG_LEVEL": "warning", "CAIXA_RATE_LIMIT": "1000000/second", "CAIXA_TOKEN_LIFETIME_SECONDS": "86400"}
    wiring = Wiring(database.address, BrokerAddress(0, {}), new_identity(folder), ports, told)
    platform = Platform(wiring, folder)
    ways = {"direct": ports["fluxo-api"], "through": ports["gateway"]}
    rates: dict[str, list[float]] = {way: [] for way in ways}
    p50: dict[str, list[float]] = {way: [] for way in ways}
    p99: dict[str, list[float]] = {way: [] for way in ways}
    try:
        platform.start("fluxo-api", "gateway")
        token = asyncio.run(merchants_token(platform))
        for number in range(rounds + 1):
            for way, port in ways.items():
                rate = posts(port, token, SECONDS if number else WARM_SECONDS, folder)
                took = asyncio.run(paced(port, token, RATE, SECONDS if number else WARM_SECONDS))
                if number:  # the first round only warms up
                    rates[way].append(rate)
                    p50[way].append(took[len(took) // 2] * 1000)
                    p99[way].append(took[int(len(took) * 0.99)] * 1000)
                    say(f"round {number} of {rounds}: {way} {rate:,.0f}/s, p50 {p50[way][-1]:.1f} ms, p99 {p99[way][-1]:.1f} ms")
    finally:
        for one in platform.running:
            one.process.stop()
    return [figure(P3, rates["through"], rates["direct"], "POST/s"), _share(P3_P50, p50), _share(P3_P99, p99)]


def _share(target: Target, milliseconds: Mapping[str, list[float]]) -> Figure:
    through, direct = milliseconds["through"], milliseconds["direct"]
    return figure(target, [above - below for above, below in zip(through, direct, strict=True)], through, "ms")


async def merchants_token(platform: Platform) -> str:
    """Register a merchant with the platform's gateway and give its token."""
    identity = platform.wiring.identity
    async with aiohttp.ClientSession(platform.gateway, raise_for_status=True) as session:
        admin = await _token(session, identity.admin_id, identity.admin_secret)
        async with session.post("/api/v1/comerciantes", json={"nome": "Padaria"}, headers={"Authorization": f"Bearer {admin}"}) as answer:
            made = await answer.json()
        return await _token(session, made["client_id"], made["client_secret"])


async def _token(session: aiohttp.ClientSession, client_id: str, client_secret: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
    async with session.post("/oauth/token", data=form) as answer:
        return str((await answer.json())["access_token"])
