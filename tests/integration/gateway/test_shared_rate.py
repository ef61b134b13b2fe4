"""The rate that replicas share in a real Redis, and what holds while it is away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from caixa_comum.settings import ConfigurationError
from caixa_gateway.rate_limit import RateLimit
from tests.local.environment import minimal
from tests.local.ports import free_port
from tests.local.process import Process
from tests.local.waiting import eventually
from tests.provision import debian


class Redis:
    """A private server that keeps nothing, on a free port of 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"redis://127.0.0.1:{port}/0"
        argv = ("redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder))
        self.process = Process(argv, log=folder / "redis.log", environ=minimal())
        self.process.start()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """Give a running server."""
    debian.install("redis-server")
    server = Redis(tmp_path)
    yield server
    server.process.stop()


async def test_replicas_share_one_rate_and_count_their_share_while_the_store_is_down(redis: Redis) -> None:
    """Two replicas let six of six through together; without the store each lets its half through, no more, and nobody waits for it."""
    one, two = (RateLimit("6/hour", replicas=2, store=redis.url) for _ in range(2))

    async def counted() -> bool:
        one._ask_at = 0.0
        await one.take("outro")
        return one._ask_at == 0.0

    await eventually("the store counts", counted)
    assert [(await (one, two)[number % 2].take("loja")).allowed for number in range(8)] == [True] * 6 + [False] * 2
    redis.process.kill()
    for replica in (one, two):
        assert [(await replica.take("loja")).allowed for _ in range(4)] == [True] * 3 + [False]


async def test_without_a_store_each_replica_counts_its_share() -> None:
    """A rate of five on two replicas is three each: rounded up, so that a low rate is never none."""
    replica = RateLimit("5/hour", replicas=2)
    assert [(await replica.take("loja")).allowed for _ in range(4)] == [True] * 3 + [False]


@pytest.mark.parametrize("url", ["memcached://x", "redis://", "redis://x:y", "http://x"])
def test_a_store_that_is_none_is_refused_at_start(url: str) -> None:
    """The message names the variable, and never the URL, which may hold a password."""
    with pytest.raises(ConfigurationError, match="CAIXA_RATE_LIMIT_STORE"):
        RateLimit("5/hour", store=url)
