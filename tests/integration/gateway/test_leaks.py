"""A thousand connections that behave badly: the gateway's own process is afterwards what it was before."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.integration.gateway.door import Door
from tests.integration.gateway.own_process import own_process
from tests.integration.gateway.raw import head
from tests.local.database import Database
from tests.local.waiting import eventually

CLIENTS = 1_000
AT_ONCE = 50
SALDO = "GET /api/v1/saldos/atual"
POST = "POST /api/v1/lancamentos"
LEFT_OVER = 5
"""Sockets that may be kept on purpose: idle connections to services, database and log."""

Way = tuple[Callable[[dict[str, str]], bytes], int]
# What is sent, and how many bytes of the answer are read before hanging up; -1: until the gateway closes.
WAYS: dict[str, Way] = {
    "nothing": (lambda _: b"", 0),
    "no HTTP": (lambda _: b"\x16\x03\x01\x00\xa5\x01\x00", -1),
    "half a head": (lambda _: b"GET /api/v1/sal", 0),
    "a head too large": (lambda token: head(token, SALDO, "X-A: " + "a" * 20_000 + "\r\n"), -1),
    "two framings": (lambda token: head(token, POST, "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") + b"0\r\n\r\n", -1),
    "a bad chunk under way": (lambda token: head(token, POST, "Transfer-Encoding: chunked\r\n") + b"3\r\nabc\r\nZZ\r\n", -1),
    "a bad chunk after 100 KB": (
        lambda token: head(token, POST, "Transfer-Encoding: chunked\r\n") + b"186a0\r\n" + b"x" * 100_000 + b"\r\nZZ\r\n",
        -1,
    ),
    "half a body": (lambda token: head(token, POST, "Content-Length: 1000\r\n") + b"half", 0),
    "half a large body": (lambda token: head(token, POST, "Content-Length: 900000\r\n") + b"x" * 200_000, 0),
    "a body too large": (lambda token: head(token, POST, "Content-Length: 2000000\r\n") + b"x" * 2_000_000, 100),
    "leaves while it waits": (lambda token: head(token, f"{SALDO}?pendente"), 0),
    "leaves two requests": (lambda token: head(token, f"{SALDO}?pendente") + head(token, f"{SALDO}?pendente"), 0),
    "leaves an answer without end": (lambda token: head(token, f"{SALDO}?semfim"), 10_000),
    "leaves after its answer": (lambda token: head(token, SALDO), 100),
    "a wrong token": (lambda _: head({"Authorization": "Bearer a.b.c"}, SALDO), 12),
    "no such path": (lambda token: head(token, "GET /api/v1/saldos/../x", "Connection: close\r\n"), -1),
}


async def behave(door: Door, token: dict[str, str], way: Way) -> bytes:
    """Connect, send, read some, and hang up as a power cut would; give what was read."""
    sent, enough = way
    received = b""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    with suppress(ConnectionError):
        writer.write(sent(token))
        await writer.drain()
        while (enough < 0 or len(received) < enough) and (chunk := await asyncio.wait_for(reader.read(65_536), 60)):
            received += chunk
        await asyncio.sleep(0.01)
    writer.transport.abort()
    return received


async def misbehave(door: Door, token: dict[str, str], times: int) -> None:
    """Go through the ways so many times in all, many at once; whatever is answered is the client's fault."""
    ways = list(WAYS.items())
    for first in range(0, times, AT_ONCE):
        chosen = [ways[number % len(ways)] for number in range(first, min(first + AT_ONCE, times))]
        for (name, _), answer in zip(chosen, await asyncio.gather(*(behave(door, token, way) for _, way in chosen)), strict=True):
            assert b"HTTP/1.1 5" not in answer, (name, answer[:200])


async def settled(holds: Callable[[], bool], what: str) -> None:
    """Wait until nothing is left."""

    async def quiet() -> bool:
        return holds()

    await eventually(what, quiet, seconds=30, pause=0.2)


async def test_a_thousand_bad_connections_leave_no_socket_no_request_and_no_error(schema: Database, key_file: Path, tmp_path: Path) -> None:
    """Sockets of the process return to what they were, no service is busy, nothing was logged as an error, and it still answers."""
    async with own_process(schema, key_file, tmp_path) as own:
        token = await own.door.merchant()
        await misbehave(own.door, token, len(WAYS) * 2)  # everything that is made once is made
        await settled(lambda: own.door.saldo.busy_with == own.door.fluxo.busy_with == 0, "the services are left alone")
        await asyncio.sleep(5)  # the gateway lets go of connections to services that idle for four seconds
        before = own.sockets()
        await misbehave(own.door, token, CLIENTS)
        await settled(
            lambda: own.door.saldo.busy_with == own.door.fluxo.busy_with == 0 and own.sockets() <= before + LEFT_OVER,
            "no socket and no request is left",
        )
        assert (await own.door.ask("GET", "/api/v1/saldos/atual", headers=token))[0] == 200
        assert '"level": "error"' not in own.log
        assert "Traceback" not in own.log


async def test_no_task_is_left_of_clients_that_misbehaved(door: Door) -> None:
    """The same against a gateway in this process: its tasks return to what they were, those that watch for hang-ups too."""
    token = await door.merchant()
    await misbehave(door, token, len(WAYS))
    await settled(lambda: door.saldo.busy_with == door.fluxo.busy_with == 0, "the services are left alone")
    before = len(asyncio.all_tasks())
    await misbehave(door, token, len(WAYS) * 8)

    def no_more_than_before() -> bool:
        gc.collect()
        return door.saldo.busy_with == door.fluxo.busy_with == 0 and len(asyncio.all_tasks()) <= before

    await settled(no_more_than_before, "no task is left")
