"""How many requests a service may be busy with: the next is told so at once, and whoever leaves makes room."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from caixa_comum.problems import Problem
from caixa_gateway.upstream import Outgoing, Upstream, new_session
from tests.integration.gateway.service import Service
from tests.local.waiting import eventually


def get(target: str) -> Outgoing:
    """Give a GET."""
    return Outgoing(method="GET", target=target, headers=[], body=None, keyed=False)


async def status(upstream: Upstream, target: str) -> int:
    """Ask and give the answer's status."""
    async with upstream.answer(get(target), seconds=60) as answer:
        await answer.read()
        return answer.status


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """Give a service that listens."""
    service = Service()
    await service.start()
    yield service
    await service.stop()


async def test_one_too_many_is_told_so_and_leaving_makes_room(service: Service) -> None:
    """With two hanging requests of two allowed the third is a 503; after they are given up there is room again."""
    async with new_session() as session:
        upstream = Upstream("fluxo", f"http://127.0.0.1:{service.port}/", session, at_once=2)
        hanging = [asyncio.create_task(status(upstream, "/api/x?pendente")) for _ in range(2)]

        async def both_there() -> bool:
            return service.busy_with == 2

        await eventually("both requests are at the service", both_there)
        with pytest.raises(Problem) as raised:
            await status(upstream, "/api/x")
        assert (raised.value.status, raised.value.headers["Retry-After"]) == (503, "2")
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        assert [await status(upstream, "/api/x") for _ in range(3)] == [200, 200, 200]

        async def none_there() -> bool:
            return service.busy_with == 0

        await eventually("the service is rid of the requests that were given up", none_there)


async def test_a_name_that_does_not_resolve_is_503(service: Service) -> None:
    """A service that is not installed is down, not a fault of the gateway's."""
    async with new_session() as session:
        with pytest.raises(Problem) as raised:
            await status(Upstream("saldo", f"http://nao-existe.invalid:{service.port}", session), "/api/x")
    assert raised.value.status == 503
