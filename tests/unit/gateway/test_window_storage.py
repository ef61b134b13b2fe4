"""The windows' storage: exact counts, and no cost that grows with subjects that have left."""

from hypothesis import given
from hypothesis import strategies as st

from caixa_gateway.window_storage import FEW, WindowStorage


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        """Begin at an arbitrary instant."""
        self.seconds = 1_000.0

    def __call__(self) -> float:
        """Give Unix seconds."""
        return self.seconds


async def test_a_window_begins_at_its_first_hit_and_ends_whole() -> None:
    """Hits add up within the window; after its end counting begins anew."""
    clock = Clock()
    storage = WindowStorage(clock)
    assert [await storage.incr("a", 10) for _ in range(3)] == [1, 2, 3]
    assert await storage.get_expiry("a") == 1_010
    clock.seconds = 1_009.9
    assert await storage.get("a") == 3
    clock.seconds = 1_010
    assert await storage.get("a") == 0
    assert await storage.incr("a", 10) == 1


async def test_windows_that_have_passed_are_forgotten() -> None:
    """A flood of subjects that never come back does not stay in memory."""
    clock = Clock()
    storage = WindowStorage(clock)
    for number in range(20 * FEW):
        clock.seconds += 0.01
        await storage.incr(f"subject {number}", 1)
    assert len(storage._windows) <= 2 * FEW


async def test_a_look_for_passed_windows_forgets_no_running_one() -> None:
    """Subjects whose window still runs keep their counts, however many there are."""
    storage = WindowStorage(Clock())
    for number in range(3 * FEW):
        await storage.incr(f"subject {number}", 60)
    assert {await storage.get(f"subject {number}") for number in range(3 * FEW)} == {1}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 3)), max_size=60))
async def test_counts_equal_those_of_a_ledger(hits: list[tuple[str, float]]) -> None:
    """Whatever the order and pace, a key's count is its hits since its window began."""
    clock, ledger = Clock(), dict[str, tuple[int, float]]()
    storage = WindowStorage(clock)
    for key, pause in hits:
        clock.seconds += pause
        count, ends = ledger.get(key, (0, 0.0))
        ledger[key] = (count + 1, ends) if ends > clock.seconds else (1, clock.seconds + 5)
        assert await storage.incr(key, 5) == ledger[key][0]
