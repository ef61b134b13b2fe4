"""Ports for private servers."""

import socket

from tests.local.ports import can_bind, first_client_port, free_port, is_listening


def test_a_free_port_is_outside_the_clients_range() -> None:
    """No outgoing connection can be given the port while its server is away."""
    assert all(port < first_client_port() for port in (free_port() for _ in range(20)))


def test_a_listener_is_seen_and_its_port_is_not_free() -> None:
    """`is_listening` and `can_bind` agree about a socket that listens, and about one that was closed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert (is_listening(port), can_bind(port)) == (True, False)
    assert not is_listening(port)
