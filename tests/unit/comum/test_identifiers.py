"""Identifiers sort by time and never repeat."""

import threading
import time
from uuid import RFC_4122, UUID

from caixa_comum.identifiers import uuid7


def test_identifiers_grow_without_repeating() -> None:
    """Ten thousand made in a row are strictly increasing."""
    made = [uuid7() for _ in range(10_000)]
    assert made == sorted(set(made))


def test_an_identifier_is_version_7_and_holds_its_millisecond() -> None:
    """Version, variant and the 48 bits of Unix milliseconds stand where RFC 9562 puts them."""
    before = time.time_ns() // 1_000_000
    made = uuid7()
    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert made.variant == RFC_4122
    assert before <= made.int >> 80 <= after + 1


def test_threads_never_make_the_same_identifier() -> None:
    """Eight threads making identifiers at once make different ones."""
    made: list[UUID] = []
    threads = [threading.Thread(target=lambda: made.extend(uuid7() for _ in range(1_000))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8_000
