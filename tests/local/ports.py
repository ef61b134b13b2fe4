"""Ports for servers that are stopped and started again: outside the range from which the system gives ports to clients."""

import random
import socket
from pathlib import Path

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST = 10_000


def is_listening(port: int, address: str = "127.0.0.1") -> bool:
    """Whether somebody accepts connections on this port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((address, port)) == 0


def can_bind(port: int, address: str = "127.0.0.1") -> bool:
    """Whether a listener could have this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def first_client_port() -> int:
    """Return the lowest port that the system may lend to an outgoing connection (ip(7), ip_local_port_range)."""
    try:
        return int(RANGE.read_text().split()[0])
    except OSError:
        return 32_768


def free_port() -> int:
    """Return a free port below the clients' range.

    A client that retries while the server is away would, within that range, sooner or later get the server's own port.
    """
    highest = max(first_client_port() - 1, LOWEST + 1_000)
    for _ in range(1_000):
        port = random.randrange(LOWEST, highest)  # noqa: S311 - not a secret: two runs should merely not choose alike
        if can_bind(port):
            return port
    raise RuntimeError(f"no free port between {LOWEST} and {highest}")
