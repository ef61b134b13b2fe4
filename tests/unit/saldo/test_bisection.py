"""Finding what cannot be applied."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caixa_saldo.bisection import Refused, apply_by_halves


class Store:
    """Takes any batch that holds no culprit, as a transaction would."""

    def __init__(self, culprits: set[int]) -> None:
        self.culprits = culprits
        self.applied: list[int] = []
        self.rejected: list[int] = []
        self.attempts = 0

    async def attempt(self, members: Sequence[int]) -> None:
        """Apply all or nothing."""
        self.attempts += 1
        if self.culprits.intersection(members):
            raise Refused("out of range")
        self.applied.extend(members)

    async def reject(self, member: int, refusal: Refused) -> None:
        """Set one apart."""
        assert str(refusal) == "out of range"
        self.rejected.append(member)


@given(st.integers(0, 60), st.sets(st.integers(0, 59)))
async def test_exactly_the_culprits_are_rejected_and_order_is_kept(size: int, culprits: set[int]) -> None:
    """Every member is applied once or rejected once, in order, and only culprits are rejected."""
    store = Store(culprits)
    await apply_by_halves(range(size), store.attempt, store.reject)
    assert store.applied == [n for n in range(size) if n not in culprits]
    assert store.rejected == [n for n in range(size) if n in culprits]


@given(st.integers(0, 199))
async def test_one_culprit_in_a_batch_costs_a_logarithm_of_attempts(culprit: int) -> None:
    """One bad message among 200 is found in about 2·log2(200) attempts rather than 200."""
    store = Store({culprit})
    await apply_by_halves(range(200), store.attempt, store.reject)
    assert store.attempts <= 1 + 2 * math.ceil(math.log2(200))


async def test_other_errors_are_not_taken_for_bad_data() -> None:
    """A failure that says nothing of the data reaches the caller and rejects nothing."""

    async def broken(_members: Sequence[int]) -> None:
        raise ConnectionError("gone")

    store = Store(set())
    with pytest.raises(ConnectionError):
        await apply_by_halves(range(3), broken, store.reject)
    assert store.rejected == []
