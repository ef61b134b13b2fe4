"""The link that loses acknowledgements: every other byte passes, however the stream is cut into pieces."""

from hypothesis import given
from hypothesis import strategies as st

from tests.faults.lost_acknowledgements import ACK_ARGUMENTS, BASIC_ACK, HEADER, METHOD_FRAME, PREAMBLE, LostAcknowledgements

BODY_FRAME = 3
END = b"\xce"


def _frame(kind: int, payload: bytes) -> bytes:
    return HEADER.pack(kind, 1, len(payload)) + payload + END


def _ack(tag: int, *, multiple: bool) -> bytes:
    return _frame(METHOD_FRAME, BASIC_ACK + ACK_ARGUMENTS.pack(tag, multiple))


others = st.lists(st.binary(max_size=40).map(lambda payload: _frame(BODY_FRAME, payload)), max_size=6)


@given(before=others, after=others, cuts=st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_only_acknowledgements_are_lost(before: list[bytes], after: list[bytes], cuts: list[int]) -> None:
    """What passes is the stream without its basic.ack frames; how many messages those covered is counted, none twice."""
    passes = PREAMBLE + b"\x00\x00\x09\x01" + b"".join(before), b"".join(after)
    acks = _ack(2, multiple=False) + _ack(3, multiple=True) + _ack(3, multiple=False) + _ack(5, multiple=False)
    stream = passes[0] + acks + passes[1]
    link = LostAcknowledgements(0)
    lose, _ = link.filters()
    passed, position, turn = b"", 0, 0
    while position < len(stream):
        size = len(PREAMBLE) + 4 if position == 0 else cuts[turn % len(cuts)]
        passed += lose(stream[position : position + size])
        position, turn = position + size, turn + 1
    assert passed == b"".join(passes)
    assert link.acknowledged == 4
