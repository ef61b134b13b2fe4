"""The issuer goes away, or is asked for keys that there are not: what is good passes, and the issuer is left in peace."""

import asyncio

import aiohttp
import pytest

from caixa_comum.jwks import COOL_DOWN_SECONDS, FRESH_SECONDS, RemoteKeys
from tests.integration.tokens.test_forged import PASSED, STRANGER, Target, behind, target  # noqa: F401  a fixture
from tests.issuer import Issuer
from tests.local.database import Database

AWAY_SECONDS = 300.0


def strange(target: Target, number: int) -> str:  # noqa: F811  its value
    """Give a token whose key id nobody published."""
    return target.token(STRANGER, header={"kid": f"k{number}"})


async def test_a_flood_of_unknown_key_ids_asks_the_issuer_at_most_once_more(target: Target, issuer: Issuer) -> None:  # noqa: F811  its value
    """At each of the three, two hundred tokens with key ids of their own, many at once, cost one fetch, and each is refused."""
    assert (await target.ask(target.token()))[0] in PASSED
    before = issuer.requests
    for first in range(0, 200, 20):
        answers = await asyncio.gather(*(target.ask(strange(target, number)) for number in range(first, first + 20)))
        assert {status for status, _ in answers} == {401}
    assert issuer.requests - before <= 1


@pytest.mark.parametrize("name", ["fluxo", "saldo"])
async def test_a_flood_of_five_minutes_costs_a_fetch_per_cool_down(name: str, mysql: Database, issuer: Issuer) -> None:
    """An unknown key id every three seconds: the issuer is asked ten times, and good tokens pass all along."""
    clock = [1_000.0]
    async with behind(name, mysql, issuer, now=lambda: clock[0]) as service:
        assert (await service.ask(service.token()))[0] in PASSED
        before = issuer.requests
        for second in range(0, int(AWAY_SECONDS), 3):
            clock[0] += 3.0
            assert (await service.ask(strange(service, second)))[0] == 401
        assert (await service.ask(service.token()))[0] in PASSED
        assert issuer.requests - before == AWAY_SECONDS / COOL_DOWN_SECONDS


@pytest.mark.parametrize("name", ["fluxo", "saldo"])
async def test_good_tokens_pass_while_the_issuer_is_away_for_five_minutes_and_longer(name: str, mysql: Database) -> None:
    """New tokens too, long after the keys stopped being fresh; forged ones are refused all along, and a new key is found on its return."""
    clock = [1_000.0]
    with Issuer() as issuer:
        async with behind(name, mysql, issuer, now=lambda: clock[0]) as service:
            known = service.token()
            assert (await service.ask(known))[0] in PASSED
            issuer.stop()
            for later in (1.0, AWAY_SECONDS, FRESH_SECONDS, 3_600.0):
                clock[0] += later
                for token in (known, service.token()):
                    assert (await service.ask(token))[0] in PASSED
                assert (await service.ask(service.token(STRANGER)))[0] == 401
                assert (await service.ask(strange(service, int(later))))[0] == 401
            issuer.start()
            issuer.kid = service.kid = "teste-2"
            clock[0] += COOL_DOWN_SECONDS
            assert (await service.ask(service.token()))[0] in PASSED


async def test_while_the_issuer_hangs_one_request_waits_and_no_other() -> None:
    """Keys that are no longer fresh are used at once while somebody asks for newer ones."""
    clock, asked, let_go = [1_000.0], asyncio.Event(), asyncio.Event()
    with Issuer() as issuer:
        async with aiohttp.ClientSession() as session:
            keys = RemoteKeys(issuer.settings().jwks_url, session, now=lambda: clock[0])
            assert await keys.key(issuer.kid)
            port = int(issuer.url.rpartition(":")[2])
            issuer.stop()

            async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                asked.set()
                await let_go.wait()
                writer.close()

            async with await asyncio.start_server(hang, "127.0.0.1", port):
                clock[0] += FRESH_SECONDS
                waiting = asyncio.create_task(keys.key(issuer.kid))
                await asyncio.wait_for(asked.wait(), 60)
                assert await asyncio.wait_for(keys.key(issuer.kid), 60)
                assert not waiting.done()
                let_go.set()
                assert await waiting
