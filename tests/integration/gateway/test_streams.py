"""Large answers and slow clients: bounded memory, and nobody pays for somebody else's slowness."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.gateway.door import Door
from tests.integration.gateway.own_process import own_process
from tests.integration.gateway.raw import exchanged, head, statuses
from tests.local.database import Database
from tests.local.waiting import eventually

SALDO = "/api/v1/saldos/atual"
LANCAMENTOS = "/api/v1/lancamentos"
MEBIBYTE = 1024 * 1024


async def taken(door: Door, token: dict[str, str], size: int, look: Callable[[], None]) -> None:
    """Take so many bytes of an answer without end, looking at every mebibyte."""
    async with door.session.get(f"{door.url}{SALDO}?semfim", headers=token) as answer:
        read = 0
        while read < size:
            read += len(await answer.content.readexactly(MEBIBYTE))
            look()


async def test_a_large_answer_passes_in_little_memory(schema: Database, key_file: Path, tmp_path: Path) -> None:
    """32 MiB down to one client: the gateway's own process grows by less than half of it."""
    async with own_process(schema, key_file, tmp_path) as own:
        token = await own.door.merchant()
        await taken(own.door, token, MEBIBYTE, lambda: None)
        before, seen = own.resident(), [0]
        await taken(own.door, token, 32 * MEBIBYTE, lambda: seen.append(own.resident()))
        assert max(seen) - before < 16 * MEBIBYTE


async def test_slow_clients_cost_little_memory(schema: Database, key_file: Path, tmp_path: Path) -> None:
    """A hundred uploads that stop half-way and a hundred answers that nobody takes: a third of a MiB each would be too much."""
    async with own_process(schema, key_file, tmp_path) as own:
        token = await own.door.merchant()
        half = head(token, f"POST {LANCAMENTOS}", "Content-Length: 900000\r\n") + b"x" * 450_000
        untaken = head(token, f"GET {SALDO}?semfim")
        before, writers = own.resident(), []
        for sent in [half, untaken] * 100:
            _, writer = await asyncio.open_connection("127.0.0.1", own.door.port, limit=1024)
            writer.write(sent)
            writers.append(writer)
        await eventually("every request has reached its service", lambda: _all_busy(own.door))
        await asyncio.sleep(1)
        grown = own.resident() - before
        for writer in writers:
            writer.transport.abort()
        assert grown < 200 * MEBIBYTE // 3


async def _all_busy(door: Door) -> bool:
    return door.fluxo.busy_with == door.saldo.busy_with == 100


@pytest.mark.parametrize("answer_seconds", [1.0])
async def test_a_body_that_stops_half_way_is_the_clients_fault(door: Door) -> None:
    """Ten clients that stop sending are told 408 each; the service does not count as down for them, and serves the next."""
    token = await door.merchant()
    half = head(token, f"POST {LANCAMENTOS}", "Content-Length: 200000\r\n") + b"x" * 100_000
    answers = await asyncio.gather(*(exchanged(door, half) for _ in range(10)))
    assert [statuses(one) for one in answers] == [[408]] * 10
    assert (await door.ask("POST", LANCAMENTOS, json={}, headers=token))[0] == 200
    assert len(door.fluxo.bodies) == 1
