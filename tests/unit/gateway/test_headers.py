"""What crosses the door: never hop-by-hop or spoofed headers, always the gateway's own word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caixa_gateway.headers import HOP_BY_HOP, INJECTED, has_control_characters, named_by_connection, to_client, to_service

NAMES = st.sampled_from(
    [*HOP_BY_HOP, *INJECTED, b"x_forwarded_for", b"X-Forwarded-Ssl", b"forwarded", b"accept", b"x-loja", b"traceparent", b"idempotency-key"]
)
HEADERS = st.lists(st.tuples(NAMES, st.sampled_from([b"1", b"x-loja, close", b"x-forwarded-for, x-request-id", b"keep-alive"])))


@given(HEADERS)
def test_a_service_never_receives_what_is_hop_by_hop_or_spoofed(headers: list[tuple[bytes, bytes]]) -> None:
    """Whatever a client sends, the forwarded headers stand once, with the gateway's own values."""
    given_on = to_service(headers, client="192.0.2.1", scheme="http", request_id="r1")
    names = [name.encode() for name, _ in given_on]
    assert not set(names) & HOP_BY_HOP
    assert not [name for name in names if b"_" in name]
    assert {name for name in names if name.startswith(b"x-forwarded-")} <= INJECTED
    for injected, value in {"x-forwarded-for": "192.0.2.1", "x-request-id": "r1", "x-forwarded-proto": "http"}.items():
        assert [told for name, told in given_on if name == injected] == [value]


@given(HEADERS)
def test_what_connection_names_stays_behind(headers: list[tuple[bytes, bytes]]) -> None:
    """A header that `Connection` declares hop-by-hop is not passed on in either direction."""
    named = named_by_connection((name.lower(), value) for name, value in headers)
    on = {name.encode() for name, _ in to_service(headers, client="c", scheme="http", request_id="r")}
    assert not on & (named - INJECTED)
    assert not {name for name, _ in to_client(headers)} & named


@pytest.mark.parametrize("name", [b"Authorization", b"Idempotency-Key", b"Content-Type", b"traceparent", b"If-None-Match", b"Accept"])
def test_what_a_service_needs_crosses(name: bytes) -> None:
    """Token, idempotency key, trace and conditions reach the service."""
    assert (name.decode().lower(), "valor") in to_service([(name, b"valor")], client="c", scheme="http", request_id="r")


@given(st.binary(max_size=20))
def test_a_control_character_is_found_wherever_it_stands(value: bytes) -> None:
    """Every byte below the space but the tab, and DEL, is one; nothing else is."""
    expected = any((byte < 0x20 and byte != 0x09) or byte == 0x7F for byte in value)
    assert has_control_characters([(b"accept", b"*/*"), (b"x-loja", value)]) is expected
