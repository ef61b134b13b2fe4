"""Client secrets: hashed with a salt, checked off the loop, in a bounded line, and in vain for clients that do not exist."""

import asyncio

import pytest
from argon2 import Parameters, Type, extract_parameters

from caixa_comum.problems import Problem
from caixa_gateway.credentials import AT_ONCE, Secrets, new_client_id, new_secret, same, verified


async def test_a_secret_matches_its_own_hash_only() -> None:
    """Two hashes of one secret differ; both accept it and nothing else."""
    secrets, secret = Secrets(), new_secret()
    first, second = await secrets.hash(secret), await secrets.hash(secret)
    assert first != second
    assert first.startswith("$argon2id$")
    assert await secrets.matches(first, secret)
    assert not await secrets.matches(first, secret + "x")
    assert not await secrets.matches(first, "x" * 10_000)


async def test_an_unknown_client_never_matches() -> None:
    """Without a hash the answer is no, whatever is given."""
    assert not await Secrets().matches(None, new_secret())
    assert not await Secrets().matches("no hash at all", "x")


async def test_unknown_clients_and_wrong_secrets_cost_the_same_work() -> None:
    """Both are one verification by argon2 of the same parameters: what differs is only whether its outcome could have counted."""
    done: list[Parameters] = []

    def counted(kept: str, given: str) -> bool:
        done.append(extract_parameters(kept))
        return verified(kept, given)

    secrets = Secrets(verified=counted)
    kept = await secrets.hash(new_secret())
    assert not await secrets.matches(kept, "errado")
    assert not await secrets.matches(None, "errado")
    assert len(done) == 2
    assert done[0] == done[1] == extract_parameters(kept)
    assert (done[0].type, done[0].memory_cost, done[0].time_cost) == (Type.ID, 19 * 1024, 2)


async def test_a_line_too_long_is_503_at_once_and_recovers() -> None:
    """Who finds the line full is told when to come back; the others are served, and then there is room again."""
    secrets = Secrets(waiting=1)
    outcomes = await asyncio.gather(*(secrets.hash("x") for _ in range(10)), return_exceptions=True)
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Problem)]
    assert len(refusals) == 10 - AT_ONCE - 1
    assert {(refusal.status, refusal.headers["Retry-After"]) for refusal in refusals} == {(503, "2")}
    assert await secrets.hash("x")


def test_credentials_are_never_the_same_twice() -> None:
    """Ids and secrets are random and safe in URLs and headers."""
    assert len({new_client_id() for _ in range(100)} | {new_secret() for _ in range(100)}) == 200
    assert new_client_id().startswith("cx_")


@pytest.mark.parametrize(("given", "expected", "outcome"), [("a", "a", True), ("a", "b", False), ("é\udcff", "e", False)])
def test_comparison_takes_any_text(given: str, expected: str, *, outcome: bool) -> None:
    """Text that came in broken bytes is compared, not tripped over."""
    assert same(given, expected) is outcome
