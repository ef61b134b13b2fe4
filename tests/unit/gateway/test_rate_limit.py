"""The rate: counted per subject, told in headers, refused in configuration when it is none."""

import pytest
from prometheus_client import REGISTRY

from caixa_comum.problems import Problem, problem
from caixa_comum.settings import ConfigurationError
from caixa_gateway.rate_limit import RateLimit, Scope, refused


async def test_one_subject_never_uses_up_anothers_allowance() -> None:
    """The third request of three allowed passes, the fourth waits, and a neighbour is not touched."""
    limit = RateLimit("3/hour")
    assert [(await limit.take("a")).allowed for _ in range(4)] == [True, True, True, False]
    assert (await limit.take("b")).remaining == 2


async def test_a_refusal_says_when_to_come_back() -> None:
    """429 carries Retry-After and the RateLimit headers."""
    limit = RateLimit("1/minute")
    await limit.take("a")
    answer = refused(await limit.take("a"))
    assert answer.status == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["RateLimit-Policy"] == '"padrao";q=1;w=60'
    assert answer.headers["RateLimit"].startswith('"padrao";r=0;t=')


async def test_every_answer_of_a_counted_request_tells_what_is_left() -> None:
    """Also one that is a problem for another reason; over the rate, nothing within is done."""
    limit = RateLimit("2/hour")
    async with limit.counted("a") as told:
        assert told["RateLimit"].startswith('"padrao";r=1;t=')
    with pytest.raises(Problem) as raised:
        async with limit.counted("a"):
            raise problem(503, "fora")
    assert raised.value.headers["RateLimit"].startswith('"padrao";r=0;t=')
    with pytest.raises(Problem) as raised:
        async with limit.counted("a"):
            raise AssertionError("counted although over the rate")
    assert raised.value.status == 429


async def test_a_refusal_is_counted_by_what_was_over_its_rate() -> None:
    """Subject, client and address are counted apart, also where they are called the same; a count within another tells of itself."""

    def refusals() -> dict[Scope, float]:
        return {scope: REGISTRY.get_sample_value("caixa_rate_limited_total", {"scope": scope}) or 0.0 for scope in Scope}

    limit, before = RateLimit("2/hour"), refusals()
    for scope in Scope:
        async with limit.counted("a", scope):
            pass
    await limit.take("client b")
    await limit.take("client b")
    with pytest.raises(Problem) as raised:
        async with limit.counted("c", Scope.ADDRESS), limit.counted("b", Scope.CLIENT):
            raise AssertionError("counted although over the rate")
    assert raised.value.headers["RateLimit"].startswith('"padrao";r=0;t=')
    assert "Retry-After" in raised.value.headers
    assert {scope: now - before[scope] for scope, now in refusals().items()} == {"subject": 0, "client": 1, "address": 0}


@pytest.mark.parametrize("rate", ["fast", "", "0/second", "-1/second", "200"])
def test_a_rate_that_is_none_is_refused_at_start(rate: str) -> None:
    """The message names the variable and the accepted form."""
    with pytest.raises(ConfigurationError, match="CAIXA_RATE_LIMIT: must"):
        RateLimit(rate)
