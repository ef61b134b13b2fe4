"""A link to the broker on which every acknowledgement is lost: a consumer's as well as the broker's own (publisher confirms)."""

import struct

from tests.integration.saldo.proxy import Filter, Proxy

METHOD_FRAME = 1
HEADER = struct.Struct(">BHI")
PREAMBLE = b"AMQP"
PREAMBLE_BYTES = 8
BASIC_ACK = struct.pack(">HH", 60, 80)
"""Class and method of basic.ack, the same in both directions (AMQP 0-9-1, section 1.8.3.13)."""
ACK_ARGUMENTS = struct.Struct(">Q?")
"""Its arguments: the delivery tag, and whether it covers all below."""

Ack = tuple[int, bool]


def without_acknowledgements(data: bytes) -> tuple[bytes, list[Ack], bytes]:
    """Give the whole frames of `data` but for basic.ack, the arguments of those, and what is left of an unfinished frame."""
    kept, acks = [], []
    if data.startswith(PREAMBLE):
        kept.append(data[:PREAMBLE_BYTES])
        data = data[PREAMBLE_BYTES:]
    while len(data) >= HEADER.size:
        kind, _channel, size = HEADER.unpack_from(data)
        end = HEADER.size + size + 1
        if len(data) < end:
            break
        if kind == METHOD_FRAME and data[HEADER.size :].startswith(BASIC_ACK):
            acks.append(ACK_ARGUMENTS.unpack_from(data, HEADER.size + len(BASIC_ACK)))
        else:
            kept.append(data[:end])
        data = data[end:]
    return b"".join(kept), acks, data


class LostAcknowledgements(Proxy):
    """Forwards everything but acknowledgements, so that whoever waits for one, or sends one, can be killed at that very moment."""

    def __init__(self, target: int) -> None:
        """Choose a port, as every proxy."""
        super().__init__(target)
        self.acknowledged = 0
        """How many messages were acknowledged in vain, by either side."""

    def filters(self) -> tuple[Filter, Filter]:
        """Lose acknowledgements both ways."""
        return self._loser(), self._loser()

    def _loser(self) -> Filter:
        rest, low, above = b"", 0, set[int]()

        def lose(data: bytes) -> bytes:
            nonlocal rest, low, above
            kept, acks, rest = without_acknowledgements(rest + data)
            for tag, multiple in acks:
                before = low + len(above)
                if multiple:
                    low = max(low, tag)
                    above = {one for one in above if one > low}
                elif tag > low:
                    above.add(tag)
                self.acknowledged += low + len(above) - before
            return kept

        return lose
