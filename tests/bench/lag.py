"""P7: how long after its registration an entry is in the balance, at half of what the whole chain sustains."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from caixa_comum.identifiers import uuid7
from tests.bench.figure import Figure, Target, figure
from tests.bench.paced import paced
from tests.bench.wrk import posts
from tests.issuer import Issuer
from tests.local.broker import Broker
from tests.local.database import Database
from tests.local.platform import Platform
from tests.local.ports import free_port
from tests.local.services import APIS, Wiring, new_identity
from tests.local.waiting import until

P7 = Target("P7", "p99 lag at half of saturation ÷ (relay poll + consumer window)", 2.0, at_most=True)
WAITS_SECONDS = 0.05 + 0.05
SATURATION_SECONDS = 8.0
SECONDS = 8.0
LAGS = (
    "SELECT TIMESTAMPDIFF(MICROSECOND, lancamento.registrado_em, inbox.applied_at) FROM caixa_fluxo.lancamento"
    " JOIN caixa_saldo.inbox ON inbox.event_id = lancamento.id WHERE lancamento.comerciante_id = UNHEX(%s)"
)


def measure(database: Database, broker: Broker, issuer: Issuer, folder: Path, rounds: int, say: Callable[[str], None]) -> Figure:
    """Run the chain as processes, find what it sustains, then post at half of that and read every entry's lag from both schemas."""
    ports = {name: free_port() for name in APIS}
    tokens = issuer.settings()
    told = {"CAIXA_LOG_LEVEL": "warning", "CAIXA_TOKEN_ISSUER": tokens.token_issuer, "CAIXA_JWKS_URL": tokens.jwks_url}
    wiring = Wiring(database.address, broker.address, new_identity(folder), ports, told)
    platform = Platform(wiring, folder)
    p99s = []
    try:
        platform.start("fluxo-api", "fluxo-relay", "saldo-consumer")
        port = ports["fluxo-api"]
        posts(port, issuer.token(), 2, folder)
        rate = sustained(database, port, issuer, folder)
        say(f"the chain sustains {rate:,.0f} entries/s; measuring at {rate / 2:,.0f}")
        for number in range(1, rounds + 1):
            _drained(database)
            merchant = uuid7()
            asyncio.run(paced(port, issuer.token(merchant), rate / 2, SECONDS))
            _drained(database)
            lags = sorted(row[0] / 1e6 for row in database.query(LAGS, merchant.hex))
            p99s.append(lags[int(len(lags) * 0.99)])
            say(f"round {number} of {rounds}: p50 {median(lags) * 1000:.0f} ms, p99 {p99s[-1] * 1000:.0f} ms of {len(lags)}")
    finally:
        for one in platform.running:
            one.process.stop()
    return figure(P7, p99s, [WAITS_SECONDS] * rounds, "s")


def sustained(database: Database, port: int, issuer: Issuer, folder: Path) -> float:
    """Give the rate at which entries arrive in the balance while posts come as fast as they are answered."""
    before, began = _applied(database), time.perf_counter()
    posts(port, issuer.token(), SATURATION_SECONDS, folder)
    return (_applied(database) - before) / (time.perf_counter() - began)


def _applied(database: Database) -> int:
    return int(database.query("SELECT COUNT(*) FROM caixa_saldo.inbox")[0][0])


def _drained(database: Database) -> None:
    def whole() -> bool:
        recorded = int(database.query("SELECT COUNT(*) FROM caixa_fluxo.lancamento")[0][0])
        waiting = int(database.query("SELECT COUNT(*) FROM caixa_fluxo.outbox")[0][0])
        return waiting == 0 and _applied(database) >= recorded

    until("every entry is in a balance", whole, seconds=120, pause=0.5)
