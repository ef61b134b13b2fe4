"""A link to the broker on which every acknowledgement is lost: a consumer's as well as the broker's own (publisher confirms)."""

import asyncio
import struct

from tests.integration.saldo.proxy import Proxy

METHOD_FRAME = 1
HEADER = struct.Struct(">BHI")
PREAMBLE = b"AMQP"
PREAMBLE_BYTES = 8
BASIC_ACK = struct.pack(">HH", 60, 80)
"""Class and method of basic.ack, the same in both directions (AMQP 0-9-1, section 1.8.3.13)."""


def without_acknowledgements(data: bytes) -> tuple[bytes, bytes]:
    """Give the whole frames of `data` but for basic.ack, and what is left of an unfinished one."""
    kept = []
    if data.startswith(PREAMBLE):
        kept.append(data[:PREAMBLE_BYTES])
        data = data[PREAMBLE_BYTES:]
    while len(data) >= HEADER.size:
        kind, _channel, size = HEADER.unpack_from(data)
        end = HEADER.size + size + 1
        if len(data) < end:
            break
        if not (kind == METHOD_FRAME and data[HEADER.size :].startswith(BASIC_ACK)):
            kept.append(data[:end])
        data = data[end:]
    return b"".join(kept), data


class LostAcknowledgements(Proxy):
    """Forwards everything but acknowledgements, so that whoever waits for one, or sends one, can be killed at that very moment."""

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        rest = b""
        try:
            while data := await source.read(65536):
                forwarded, rest = without_acknowledgements(rest + data)
                sink.write(forwarded)
                await sink.drain()
        except OSError:
            pass
        finally:
            self._links.discard(sink)
            sink.close()
