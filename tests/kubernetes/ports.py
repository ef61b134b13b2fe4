"""Ports that nobody listens on."""

import socket


def is_free(port: int, address: str = "127.0.0.1") -> bool:
    """Whether a listener could have this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def free_ports(count: int, address: str = "127.0.0.1") -> list[int]:
    """Return different ports that the system has just given out and taken back."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((address, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def preferred(port: int, address: str = "127.0.0.1") -> int:
    """Return this port where it is free, else one that is."""
    return port if is_free(port, address) else free_ports(1, address)[0]
