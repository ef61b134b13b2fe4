"""Large bodies, slow clients and many requests at once: bounded memory, and nobody pays for somebody else's slowness."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from caixa_gateway.upstream import AT_ONCE
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


async def begun(door: Door, sent: bytes) -> asyncio.StreamWriter:
    """Send these bytes on a connection of their own, and read nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port, limit=1_000)
    writer.write(sent)
    await reader.read(1) if b"GET" in sent else await writer.drain()
    return writer


async def test_large_bodies_pass_in_little_memory(schema: Database, key_file: Path, tmp_path: Path) -> None:
    """128 MiB down to one client, 50 answers that nobody reads, and 80 uploads that stop half-way: the process grows by a fraction."""
    async with own_process(schema, key_file, tmp_path) as own, AsyncExitStack() as stack:
        token = await own.door.merchant()
        await taken(own.door, token, MEBIBYTE, lambda: None)
        before, seen = own.resident(), [0]
        await taken(own.door, token, 128 * MEBIBYTE, lambda: seen.append(own.resident()))
        assert max(seen) - before < 32 * MEBIBYTE
        unread = head(token, f"GET {SALDO}?semfim")
        halves = head(token, f"POST {LANCAMENTOS}", "Content-Length: 1000000\r\n") + b"x" * 900_000
        for sent, times in ((unread, 50), (halves, 80)):
            for writer in await asyncio.gather(*(begun(own.door, sent) for _ in range(times))):
                stack.callback(writer.transport.abort)

        async def all_there() -> bool:
            return own.door.saldo.busy_with == 50 and own.door.fluxo.busy_with == 80

        await eventually("all of them are at their services", all_there)
        await asyncio.sleep(1)
        assert own.resident() - before < 48 * MEBIBYTE


@pytest.mark.parametrize("answer_seconds", [1.0])
async def test_a_body_that_stops_half_way_is_the_clients_fault(door: Door) -> None:
    """Ten clients that stop sending are told 408 each; the service does not count as down for them, and serves the next."""
    token = await door.merchant()
    half = head(token, f"POST {LANCAMENTOS}", "Content-Length: 200000\r\n") + b"x" * 100_000
    answers = await asyncio.gather(*(exchanged(door, half) for _ in range(10)))
    assert [statuses(one) for one in answers] == [[408]] * 10
    assert (await door.ask("POST", LANCAMENTOS, json={}, headers=token))[0] == 200
    assert len(door.fluxo.bodies) == 1


async def test_above_the_bound_a_request_is_told_so_at_once_and_the_other_service_goes_on(door: Door) -> None:
    """With as many requests at saldo as it may be busy with, the next is a 503 with a time to come back, while all are still held."""
    token = await door.merchant()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def held() -> int:
            async with session.get(f"{door.url}{SALDO}?segurado", headers=token) as answer:
                return answer.status

        waiting = [asyncio.create_task(held()) for _ in range(AT_ONCE)]

        async def all_there() -> bool:
            return door.saldo.busy_with == AT_ONCE

        await eventually("saldo is busy with all that it may be", all_there)
        status, _, told = await door.ask("GET", SALDO, headers=token)
        assert (status, told["retry-after"]) == (503, "2")
        assert (await door.ask("POST", LANCAMENTOS, json={}, headers=token))[0] == 200
        assert not any(one.done() for one in waiting)
        door.saldo.let_go.set()
        assert set(await asyncio.gather(*waiting)) == {200}
    assert (await door.ask("GET", SALDO, headers=token))[0] == 200
