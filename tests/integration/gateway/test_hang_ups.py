"""Clients that leave early: nothing of theirs stays open, here or at a service."""

import asyncio
from pathlib import Path

from tests.integration.gateway.door import Door
from tests.local.waiting import eventually

CLIENTS = 300
AT_ONCE = 50


def open_sockets() -> int:
    """Count the sockets of this process: the gateway, its services and the clients all live here."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found += str(descriptor.readlink()).startswith("socket:")
        except OSError:  # closed while being listed
            continue
    return found


async def leave(door: Door, sent: bytes, *, after_answer_began: bool = False) -> None:
    """Connect, send these bytes, and hang up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(sent)
    await writer.drain()
    if after_answer_began:
        await reader.readexactly(1_000)
    else:
        await asyncio.sleep(0.01)
    writer.transport.abort()


async def nothing_is_left(door: Door, before: int, headers: dict[str, str]) -> None:
    """Wait until no service is busy and no socket is left of those who hung up; then the gateway still answers."""

    async def quiet() -> bool:
        return door.fluxo.busy_with == door.saldo.busy_with == 0 and open_sockets() <= before + 5

    await eventually("everything of the clients that left is closed", quiet)
    status, _, _ = await door.ask("GET", "/api/v1/saldos/atual", headers=headers)
    assert status == 200


async def test_three_hundred_clients_that_leave_are_forgotten(door: Door) -> None:
    """Within their request, while they wait, while they receive: each ends its own request at the service, and no socket stays."""
    headers = await door.merchant()
    head = f"HTTP/1.1\r\nHost: x\r\nAuthorization: {headers['Authorization']}\r\n".encode()
    await door.ask("GET", "/api/v1/saldos/atual", headers=headers)
    before = open_sockets()
    for first in range(0, CLIENTS, AT_ONCE):
        await asyncio.gather(*(one_of(door, head, number) for number in range(first, first + AT_ONCE)))
    assert door.saldo.received
    await nothing_is_left(door, before, headers)


async def one_of(door: Door, head: bytes, number: int) -> None:
    """Leave in one of five moments."""
    match number % 5:
        case 0:
            await leave(door, b"POST /api/v1/lancamentos " + head + b"Content-Length: 1000\r\n\r\nhalf")
        case 1:
            await leave(door, b"POST /api/v1/lancamentos " + head + b"Content-Length: 900000\r\n\r\n" + b"x" * 200_000)
        case 2:
            await leave(door, b"GET /api/v1/saldos/atual?pendente " + head + b"\r\n")
        case 3:
            await leave(door, b"GET /api/v1/saldos/atual?semfim " + head + b"\r\n", after_answer_began=True)
        case _:
            await leave(door, b"GET /api/v1/sal")
