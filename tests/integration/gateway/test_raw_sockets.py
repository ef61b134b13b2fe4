"""What no client library sends, byte by byte: framing tricks, heads and paths with two meanings, spoofed headers."""

from tests.integration.gateway.door import Door
from tests.integration.gateway.raw import CLOSE, exchanged, head, statuses
from tests.integration.gateway.service import scripted

SALDO = "GET /api/v1/saldos/atual"
POST = "POST /api/v1/lancamentos"
SMUGGLED = b"GET /api/v1/saldos/contrabando HTTP/1.1\r\nHost: x\r\n\r\n"
LONG = "a" * 20_000

# After its own body each carries a request that only a reader of the other framing would see.
FRAMINGS = {
    "length and chunked": (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + SMUGGLED),
    "chunked and length": (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n" + SMUGGLED),
    "two lengths": (b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(SMUGGLED), SMUGGLED),
    "a list of lengths": (b"Content-Length: 0, %d\r\n" % len(SMUGGLED), SMUGGLED),
    "a negative length": (b"Content-Length: -1\r\n", SMUGGLED),
    "a signed length": (b"Content-Length: +0\r\n", SMUGGLED),
    "a length in hex": (b"Content-Length: 0x0\r\n", SMUGGLED),
    "a space before the colon": (b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n" + SMUGGLED),
    "another coding": (b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n" + SMUGGLED),
    "two codings": (b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n" + SMUGGLED),
    "coding twice": (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n" + SMUGGLED),
    "coding behind a vertical tab": (b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n" + SMUGGLED),
    "no chunk size": (b"Transfer-Encoding: chunked\r\n", b"ZZ\r\n\r\n" + SMUGGLED),
    "a signed chunk size": (b"Transfer-Encoding: chunked\r\n", b"-1\r\n\r\n" + SMUGGLED),
    "a chunk size of 130 bits": (b"Transfer-Encoding: chunked\r\n", b"1" + b"0" * 32 + b"\r\n\r\n" + SMUGGLED),
    "a chunk longer than it says": (b"Transfer-Encoding: chunked\r\n", b"1\r\nab\r\n0\r\n\r\n" + SMUGGLED),
    "bare LF behind a chunk size": (b"Transfer-Encoding: chunked\r\n", b"1;x\n\r\na\r\n0\r\n\r\n" + SMUGGLED),
}
# One head each that two servers could read differently, or that is too large to read at all.
HEADS = {
    "a folded line": b"X-A: b\r\n  folded\r\n",
    "a folded line first": b" X-A: b\r\n",
    "a bare LF": b"X-A: b\nTransfer-Encoding: chunked\r\n",
    "a bare CR": b"X-A: b\rTransfer-Encoding: chunked\r\n",
    "a NUL": b"X-A: b\x00c\r\n",
    "a NUL in a name": b"X-\x00A: b\r\n",
    "a header without a name": b": b\r\n",
    "a line without a colon": b"nonsense\r\n",
    "a second host": b"Host: outro\r\n",
    "a second token": b"Authorization: Bearer outro\r\n",
    "a second key": b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n",
}
TOO_LARGE = {
    "a long header": b"X-A: " + LONG.encode() + b"\r\n",
    "long headers": b"".join(b"X-%d: " % number + b"a" * 1_000 + b"\r\n" for number in range(20)),
    "many headers": b"".join(b"X-%d: a\r\n" % number for number in range(200)),
}

NO_HTTP = (
    b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1",
    b"\r\n\r\n\r\n",
    b"\x00" * 100,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /\r\n\r\n",
)
TARGETS = (
    "/api/v1/saldos/%2e%2e/x",
    "/api/v1/saldos/..%2flancamentos",
    "/api/v1/saldos/%2E%2E%2Flancamentos",
    "/api/v1/saldos/../lancamentos",
    "/api/v1/saldos/..;/lancamentos",
    "/api/v1/saldos/atual;x=y",
    "/api/v1/saldos/..%3b/lancamentos",
    "/api/v1/saldos/%252e%252e/x",
    "/api/v1/saldos/..%5clancamentos",
    "/api/v1/saldos//x",
    "/api/v1/saldos/x#y",
    "/api/v1/saldos/x%00",
    "http://outro.teste/api/v1/saldos/atual",
    "http://127.0.0.1/api/v1/saldos/atual",
    "saldo:8080",
    "*",
)


async def test_a_framing_that_could_be_read_twice_is_refused_and_smuggles_nothing(door: Door) -> None:
    """With a good token: one 4xx, the connection is closed, and no service ever sees the request hidden in the body."""
    token = await door.merchant()
    for name, (lines, body) in FRAMINGS.items():
        answers = await exchanged(door, head(token, POST, lines) + body, silence=20)
        assert [status // 100 for status in statuses(answers)] == [4], name
        assert door.saldo.received == [], name
        assert [body for body in door.fluxo.bodies if body] == [], name


async def test_a_head_that_could_be_read_twice_is_refused(door: Door) -> None:
    """With a good token: one 400 as a problem, the connection is closed, and no service hears of it."""
    token = await door.merchant()
    for name, lines in HEADS.items():
        answers = await exchanged(door, head(token, SALDO, lines) + SMUGGLED, silence=20)
        assert statuses(answers) == [400], name
        assert b"application/problem+json" in answers, name
    assert door.fluxo.received == door.saldo.received == []


async def test_a_large_head_is_431_however_it_arrives(door: Door) -> None:
    """At once or in pieces, long or many; no service hears of it."""
    token = await door.merchant()
    for name, lines in TOO_LARGE.items():
        whole = head(token, SALDO, lines)
        for pieces in (1, 4):
            size = -(-len(whole) // pieces)
            answers = await exchanged(door, *(whole[start : start + size] for start in range(0, len(whole), size)), silence=20)
            assert statuses(answers) == [431], (name, pieces)
    assert door.saldo.received == []


async def test_a_large_request_line_is_refused(door: Door) -> None:
    """A path, a query, even a method."""
    token = await door.merchant()
    for line, status in ((f"GET /api/v1/saldos/{'a' * 9_000}", 414), (f"{SALDO}?a={'a' * 9_000}", 414), (f"{LONG} /", 431)):
        assert statuses(await exchanged(door, head(token, line), silence=20)) == [status]
    assert door.saldo.received == []


async def test_what_is_no_http_1_is_refused(door: Door) -> None:
    """At most one 400, and the connection is closed."""
    for sent in NO_HTTP:
        assert statuses(await exchanged(door, sent)) in ([], [400]), sent


async def test_a_target_that_could_mean_two_things_is_refused(door: Door) -> None:
    """Encoded dots and slashes, parameters, and targets that name a host never reach a service, even with a good token."""
    token = await door.merchant()
    for target in TARGETS:
        assert statuses(await exchanged(door, head(token, f"GET {target}", CLOSE))) == [400], target
    assert door.fluxo.received == door.saldo.received == []


async def test_a_path_in_disguise_is_no_services(door: Door) -> None:
    """Prefixes are compared byte by byte: what would become a service's path by decoding is not passed on."""
    token = await door.merchant()
    for target in ("/api//v1/saldos/atual", "/api/v1/%73aldos/atual", "//api/v1/saldos/atual", "/api/v1/saldos%2fatual"):
        assert statuses(await exchanged(door, head(token, f"GET {target}", CLOSE))) in ([404], [400]), target
    assert door.fluxo.received == door.saldo.received == []


async def test_pipelined_requests_are_answered_in_order_each_by_its_own_service(door: Door) -> None:
    """Three requests in one segment, the first the slowest: three answers in their order, each whole, none at the wrong service."""
    token = await door.merchant()
    body = b'{"valor": 1}'
    first = head(token, f"{SALDO}?corrente", "X-Numero: 1\r\n")
    second = head(token, POST, f"X-Numero: 2\r\nContent-Length: {len(body)}\r\n") + body
    third = head(token, SALDO, f"X-Numero: 3\r\n{CLOSE}")
    answers = await exchanged(door, first + second + third)
    assert statuses(answers) == [200, 200, 200]
    assert answers.index(b"x" * 1_000) < answers.index(b'"POST"') < answers.index(b'"GET"')
    assert [request.headers["X-Numero"] for request in door.saldo.received] == ["1", "3"]
    assert [request.headers["X-Numero"] for request in door.fluxo.received] == ["2"]
    assert door.fluxo.bodies == [body]


async def test_behind_a_refused_request_nothing_is_read(door: Door) -> None:
    """What was sent in one segment with something malformed is dropped with the connection."""
    token = await door.merchant()
    answers = await exchanged(door, head(token, SALDO) + b"nonsense\r\n\r\n" + head(token, SALDO), silence=20)
    assert statuses(answers) == [200, 400]
    assert len(door.saldo.received) == 1


async def test_equal_lengths_twice_are_one_length(door: Door) -> None:
    """RFC 9110, section 8.6, lets a server take them for one: the service receives it once, and the body whole."""
    answers = await exchanged(door, head(await door.merchant(), POST, f"Content-Length: 2\r\nContent-Length: 2\r\n{CLOSE}") + b"{}")
    assert statuses(answers) == [200]
    assert [request.headers.getall("Content-Length") for request in door.fluxo.received] == [["2"]]
    assert door.fluxo.bodies == [b"{}"]


async def test_chunk_extensions_and_trailers_stay_at_the_door(door: Door) -> None:
    """The body arrives whole; neither what stands behind a chunk's size nor a header behind the body comes with it."""
    body = b"2;a=b;c\r\n{}\r\n0\r\nX-Depois: 1\r\nAuthorization: Bearer outro\r\n\r\n"
    token = await door.merchant()
    answers = await exchanged(door, head(token, POST, f"Transfer-Encoding: chunked\r\nTrailer: X-Depois\r\n{CLOSE}") + body)
    assert statuses(answers) == [200]
    assert door.fluxo.bodies == [b"{}"]
    received = door.fluxo.received[0].headers
    assert not {"X-Depois", "Trailer", "Transfer-Encoding"} & set(received)
    assert received["Authorization"] == token["Authorization"]


async def test_a_chunk_of_a_terabyte_is_cut_at_the_bound(door: Door) -> None:
    """A size is believed only as far as bytes come: above the bound the answer is 413."""
    sent = head(await door.merchant(), POST, "Transfer-Encoding: chunked\r\n") + b"10000000000\r\n"
    answers = await exchanged(door, sent + b"x" * 1_200_000)
    assert statuses(answers) == [413]
    assert door.fluxo.bodies == []


async def test_http_1_0_is_answered_and_closed(door: Door) -> None:
    """An old client gets its answer without chunks it could not read; a body in chunks its version does not have."""
    token = await door.merchant()
    for more in ("", "Connection: keep-alive\r\n"):
        answers = await exchanged(door, head(token, f"{SALDO}?corrente", more).replace(b"HTTP/1.1", b"HTTP/1.0", 1))
        assert statuses(answers) == [200]
        assert b"transfer-encoding" not in answers.lower()
        assert answers.endswith(b"\r\n\r\n" + b"x" * 500_000)
    chunked = head(token, POST, "Transfer-Encoding: chunked\r\n").replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    assert statuses(await exchanged(door, chunked + b"0\r\n\r\n" + SMUGGLED)) == [400]
    assert door.fluxo.received == []


SPOOFED: dict[str, list[str]] = {
    "X-Forwarded-For": ["127.0.0.1"],
    "X-Forwarded-Proto": ["http"],
    "X-Forwarded-Host": ["x"],
    "X-Forwarded-Port": [],
    "Forwarded": [],
    "X-Real-IP": [],
    "X-Original-URL": [],
}
"""What nobody but the gateway may say, and what it says itself."""


async def test_no_spelling_of_a_spoofed_header_crosses(door: Door) -> None:
    """Dashes, underscores, capitals, twice: what the gateway says of a request stands once, and in its own words."""
    lines = "".join(f"{name}: 6.6.6.6\r\n{name.upper().replace('-', '_')}: 6.6.6.6\r\n{name.lower()}: 6.6.6.6\r\n" for name in SPOOFED)
    answers = await exchanged(
        door, head(await door.merchant(), SALDO, lines + "Content_Length: 5\r\nTransfer_Encoding: chunked\r\n" + CLOSE)
    )
    assert statuses(answers) == [200]
    received = door.saldo.received[0].headers
    assert not [name for name in received if "_" in name]
    assert {name: received.getall(name, []) for name in SPOOFED} == SPOOFED


async def test_connection_cannot_name_what_the_gateway_injects(door: Door) -> None:
    """`Connection` takes away what the client sent, never what the gateway says itself."""
    named = "X-Forwarded-For, X-Forwarded-Host, X-Request-Id, X-Loja, Host, close"
    answers = await exchanged(door, head(await door.merchant(), SALDO, f"X-Loja: 1\r\nConnection: {named}\r\n"))
    assert statuses(answers) == [200]
    received = door.saldo.received[0].headers
    assert (received["X-Forwarded-For"], received["X-Forwarded-Host"]) == ("127.0.0.1", "x")
    assert received["X-Request-Id"]
    assert "X-Loja" not in received


async def test_a_key_that_connection_took_away_makes_no_second_attempt(door: Door) -> None:
    """A POST whose key stays behind may not be repeated: the service that hangs up is asked once."""
    token = await door.merchant()
    await door.fluxo.stop()
    async with scripted(door.fluxo.port) as service:
        lines = "Idempotency-Key: k\r\nConnection: Idempotency-Key, close\r\nContent-Length: 2\r\n"
        answers = await exchanged(door, head(token, POST, lines) + b"{}")
    assert statuses(answers) == [503]
    assert len(service.heads) == 1


async def test_a_control_character_in_a_header_is_400(door: Door) -> None:
    """It is neither passed on nor tripped over."""
    token = await door.merchant()
    for value in (b"a\x01b", b"a\x7fb", b"\x1b[31m"):
        sent = head(token, SALDO, CLOSE.encode() + b"X-Loja: " + value + b"\r\n")
        assert statuses(await exchanged(door, sent)) == [400], value
    assert door.saldo.received == []


async def test_bytes_beyond_ascii_in_a_header_are_no_fault(door: Door) -> None:
    """An old client's accented header reaches the service."""
    sent = head(await door.merchant(), SALDO, CLOSE.encode() + b"X-Loja: P\xe3o\r\n")
    assert statuses(await exchanged(door, sent)) == [200]
    assert door.saldo.received[0].headers["X-Loja"] == "Pão"


async def test_an_upgrade_is_a_plain_request(door: Door) -> None:
    """Nobody speaks WebSocket here: the service is asked over HTTP, without the upgrade."""
    upgrade = (
        b"Upgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\n"
    )
    answers = await exchanged(door, head(await door.merchant(), SALDO, upgrade))
    assert statuses(answers) == [200]
    assert "Upgrade" not in door.saldo.received[0].headers


async def test_methods_of_proxies_are_refused(door: Door) -> None:
    """The door tunnels to nowhere and echoes nothing."""
    token = await door.merchant()
    for line in ("CONNECT saldo:8080", "TRACE /", "OPTIONS *", "FOO /"):
        (status,) = statuses(await exchanged(door, head(token, line, CLOSE)))
        assert status // 100 == 4, line
