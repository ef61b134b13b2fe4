"""Which headers cross the door, in which direction: pure, and the same for every route."""

import re
from collections.abc import Iterable
from typing import Final

Raw = Iterable[tuple[bytes, bytes]]

# RFC 9110, section 7.6.1, and the older ones that mean the same.
HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# What only this gateway may say of a request; whoever else says it is not believed.
INJECTED: Final = frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-request-id"})
SPOOFABLE: Final = INJECTED | {
    b"forwarded",
    b"x-real-ip",
    b"x-client-ip",
    b"x-cluster-client-ip",
    b"true-client-ip",
    b"x-original-url",
    b"x-rewrite-url",
    b"x-http-method-override",
}
SPOOFABLE_PREFIX: Final = b"x-forwarded-"
_NEVER_TO_SERVICE: Final = HOP_BY_HOP | SPOOFABLE | {b"host", b"content-length", b"expect"}
# Told by the gateway or its server itself.
OWN_ANSWER: Final = frozenset({b"x-request-id", b"server", b"date"})
_NEVER_TO_CLIENT: Final = HOP_BY_HOP | OWN_ANSWER
# RFC 9110, section 5.5: no control characters but the tab; some servers take them for ends of lines.
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def has_control_characters(headers: Raw) -> bool:
    """Tell whether a header's value holds a control character, which no sender means."""
    return any(_CONTROL.search(value) for _, value in headers)


def to_service(headers: Raw, *, client: str, scheme: str, request_id: str) -> list[tuple[str, str]]:
    """Give the headers that a service receives: the client's without hop-by-hop and spoofable ones, and the gateway's own.

    A name with an underscore is dropped: some servers read `X_Forwarded_For` as `X-Forwarded-For`. What `Connection` names
    is dropped too, but never what the gateway injects.
    """
    received = [(name.lower(), value) for name, value in headers]
    dropped = _NEVER_TO_SERVICE | named_by_connection(received)
    kept = [(name, value) for name, value in received if name not in dropped and b"_" not in name and not name.startswith(SPOOFABLE_PREFIX)]
    host = next((value for name, value in received if name == b"host"), b"")
    own = [
        ("x-forwarded-for", client),
        ("x-forwarded-proto", scheme),
        ("x-forwarded-host", host.decode("latin-1")),
        ("x-request-id", request_id),
    ]
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in kept] + own


def to_client(headers: Raw) -> list[tuple[bytes, bytes]]:
    """Give the headers of an answer that the client receives: the service's without hop-by-hop ones and what the gateway says itself."""
    received = [(name.lower(), value) for name, value in headers]
    dropped = _NEVER_TO_CLIENT | named_by_connection(received)
    return [(name, value) for name, value in received if name not in dropped]


def named_by_connection(headers: Raw) -> frozenset[bytes]:
    """Give the header names that `Connection` declares hop-by-hop (RFC 9110, section 7.6.1)."""
    values = (value for name, value in headers if name == b"connection")
    return frozenset(option.strip().lower() for value in values for option in value.split(b",")) - {b""}
