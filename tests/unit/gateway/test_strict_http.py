"""Heads read without leniency: one reading, or none."""

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caixa_gateway.strict_http import HEAD_BYTES, HEADERS, TARGET_BYTES, StrictConnection

LINES = (b"GET /api/v1/saldos/atual HTTP/1.1\r\n", b"Host: x\r\n", b"Accept: */*\r\n", b"X-Loja: a b\r\n", b"\r\n")


def read(data: bytes, size: int = 1_000_000) -> tuple[object, int]:
    """Give the first event that a server reads from bytes which come in pieces of this size, and the status of its refusal."""
    connection = StrictConnection(h11.SERVER, HEAD_BYTES)
    for start in range(0, len(data), size):
        connection.receive_data(data[start : start + size])
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError:
            return None, connection.refusal
        if event is not h11.NEED_DATA:
            return event, 0
    return h11.NEED_DATA, 0


@given(st.integers(min_value=1, max_value=200))
def test_a_plain_head_is_read_however_it_is_cut(size: int) -> None:
    """Byte by byte or at once."""
    event, _ = read(b"".join(LINES), size)
    assert isinstance(event, h11.Request)
    assert event.target == b"/api/v1/saldos/atual"


@given(st.data(), st.sampled_from([b"\r", b"\n", b"\n ", b"\r\n ", b"\r\n\t", b"\x00"]), st.integers(min_value=1, max_value=200))
def test_a_break_that_is_no_line_end_is_refused_wherever_it_stands(data: st.DataObject, tear: bytes, size: int) -> None:
    """Within any header's value, before its line's end."""
    line = data.draw(st.integers(min_value=1, max_value=3))
    place = data.draw(st.integers(min_value=LINES[line].index(b" ") + 2, max_value=len(LINES[line]) - 2))
    torn = LINES[line][:place] + tear + LINES[line][place:]
    event, status = read(b"".join([*LINES[:line], torn, *LINES[line + 1 :]]), size)
    assert (event, status) == (None, 400)


@pytest.mark.parametrize(
    ("target", "lines", "status"),
    [
        (b"/" + b"a" * (TARGET_BYTES - 1), b"", 0),
        (b"/" + b"a" * TARGET_BYTES, b"", 414),
        (b"/", b"X-A: b\r\n" * (HEADERS - 1), 0),
        (b"/", b"X-A: b\r\n" * HEADERS, 431),
        (b"/", b"X-A: " + b"b" * HEAD_BYTES + b"\r\n", 431),
        (b"http://outro/", b"", 400),
        (b"/", b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", 400),
        (b"/", b"Idempotency-Key: a\r\nidempotency-key: a\r\n", 400),
    ],
)
def test_bounds_are_kept_to_the_byte(target: bytes, lines: bytes, status: int) -> None:
    """What is at a bound passes, and what is above it is refused, even when it came at once."""
    assert read(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n")[1] == status
