"""A client of the gateway for tests and for the demo: registers merchants, posts entries, and keeps every first answer."""

import asyncio
import itertools
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import aiohttp

TIMEOUT = aiohttp.ClientTimeout(total=30)
RETRY_SECONDS = 60.0
BEFORE_EXPIRY = 60.0
"""A token is renewed this many seconds before it ends."""


class Refused(RuntimeError):
    """The gateway answered otherwise than hoped; the message holds its status and what it said."""


class Behind(RuntimeError):
    """A balance is not the sum of what was accepted; the message holds both."""


@dataclass(frozen=True)
class Credentials:
    """What a client of the gateway signs in with."""

    client_id: str
    client_secret: str


@dataclass(frozen=True)
class Merchant:
    """A registered merchant."""

    id: str
    credentials: Credentials


@dataclass(frozen=True)
class Post:
    """One entry that was sent: its value in centavos (debits negative), the first answer's status (0: none came) and the last one's."""

    merchant: Merchant
    centavos: int
    first: int
    last: int
    said: str


@dataclass
class Token:
    """An access token and when it is to be renewed (monotonic seconds)."""

    text: str
    until: float


class Shop:
    """Talks to one gateway; made by `opened`."""

    def __init__(self, session: aiohttp.ClientSession, admin: Credentials) -> None:
        self._session = session
        self._admin = admin
        self._tokens: dict[str, Token] = {}
        self._keys = itertools.count(1)
        self._run = time.time_ns()
        self.posts: list[Post] = []

    async def register(self, name: str, zone: str = "America/Sao_Paulo") -> Merchant:
        """Register a merchant as the administrator. Raises Refused."""
        made = await self._json("POST", "/api/v1/comerciantes", self._admin, json={"nome": name, "fuso": zone})
        return Merchant(made["id"], Credentials(made["client_id"], made["client_secret"]))

    async def post(self, merchant: Merchant, centavos: int, *, key: str | None = None, description: str = "venda") -> Post:
        """Post an entry: a credit, or a debit where `centavos` is negative.

        Where no answer comes it is sent again with the same key, as clients should; the first answer is kept apart from the last.
        """
        key = key or f"{self._run}-{next(self._keys)}"
        entry = {"tipo": "credito" if centavos > 0 else "debito", "valor": abs(centavos), "descricao": description}
        first, deadline = None, time.monotonic() + RETRY_SECONDS
        while True:
            status, said = await self._send(merchant, key, entry)
            first = status if first is None else first
            if status or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.2)
        post = Post(merchant, centavos, first, status, said)
        self.posts.append(post)
        return post

    async def balance(self, merchant: Merchant) -> int:
        """Return the merchant's balance of today in centavos of BRL. Raises Refused."""
        today = await self._json("GET", "/api/v1/saldos/atual", merchant.credentials)
        return next(int(balance["saldo_final"]) for balance in today["saldos"] if balance["moeda"] == "BRL")

    async def entries(self, merchant: Merchant) -> list[dict[str, Any]]:  # Any: the answer's own JSON
        """Return the merchant's newest entries. Raises Refused."""
        listed = await self._json("GET", "/api/v1/lancamentos", merchant.credentials)
        return list(listed["itens"])

    async def close(self, merchant: Merchant, day: date) -> None:
        """Close a business day that is over. Raises Refused."""
        await self._json("POST", "/api/v1/fechamentos", merchant.credentials, key=f"{self._run}-{day}", json={"data": day.isoformat()})

    async def post_together(self, merchant: Merchant, count: int) -> None:
        """Post up to 1,000 entries in one request, all of which are recorded at once. Raises Refused."""
        values = [amount(number) for number in range(count)]
        entries = [{"tipo": "credito" if one > 0 else "debito", "valor": abs(one)} for one in values]
        key = f"{self._run}-{next(self._keys)}"
        await self._json("POST", "/api/v1/lancamentos/lote", merchant.credentials, key=key, json={"lancamentos": entries})
        self.posts += [Post(merchant, one, 201, 201, "") for one in values]

    async def token(self, credentials: Credentials) -> str:
        """Return a token that is good for another minute. Raises Refused."""
        held = self._tokens.get(credentials.client_id)
        if held is None or time.monotonic() > held.until:
            basic = {"Authorization": aiohttp.encode_basic_auth(credentials.client_id, credentials.client_secret)}
            async with self._session.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=basic) as answer:
                if answer.status != 200:
                    raise Refused(f"POST /oauth/token: {answer.status} {await answer.text()}")
                granted = await answer.json()
            held = Token(granted["access_token"], time.monotonic() + float(granted["expires_in"]) - BEFORE_EXPIRY)
            self._tokens[credentials.client_id] = held
        return held.text

    def accepted(self, merchant: Merchant) -> int:
        """Sum what was answered 201, in centavos."""
        return sum(post.centavos for post in self.posts if post.merchant == merchant and post.last == 201)

    async def caught_up(self, merchants: Sequence[Merchant], *, seconds: float) -> float:
        """Wait until every balance is the sum of what was answered 201, and return how many seconds that took.

        Raises Behind, with both, after `seconds`.
        """
        began, wanted = time.monotonic(), [self.accepted(merchant) for merchant in merchants]
        while (found := [await self.balance(merchant) for merchant in merchants]) != wanted:
            if time.monotonic() - began > seconds:
                raise Behind(f"after {seconds:.0f} s balances are {found}; what was accepted sums to {wanted}")
            await asyncio.sleep(0.2)
        return time.monotonic() - began

    async def _send(self, merchant: Merchant, key: str, entry: dict[str, Any]) -> tuple[int, str]:
        try:
            headers = {"Authorization": f"Bearer {await self.token(merchant.credentials)}", "Idempotency-Key": key}
            async with self._session.post("/api/v1/lancamentos", json=entry, headers=headers) as answer:
                return answer.status, "" if answer.status == 201 else await answer.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            return 0, repr(error)

    async def _json(self, method: str, path: str, credentials: Credentials, *, key: str = "", **more: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {await self.token(credentials)}", **({"Idempotency-Key": key} if key else {})}
        async with self._session.request(method, path, headers=headers, **more) as answer:
            if answer.status >= 400:
                raise Refused(f"{method} {path}: {answer.status} {await answer.text()}")
            found: dict[str, Any] = await answer.json()
            return found


@asynccontextmanager
async def opened(gateway: str, admin: Credentials, *, trust: ssl.SSLContext | None = None) -> AsyncIterator[Shop]:
    """Open a shop at the gateway's URL, by HTTPS verified as `trust` says; proxies of the environment are not used."""
    connector = aiohttp.TCPConnector(limit=200, ssl=trust or True)
    async with aiohttp.ClientSession(gateway, connector=connector, timeout=TIMEOUT, trust_env=False) as session:
        yield Shop(session, admin)


async def at_rate(shop: Shop, merchants: list[Merchant], per_second: float, stop: asyncio.Event) -> None:
    """Post one centavo-exact entry after another at a steady rate until told to stop, never waiting for answers; then await them all."""
    began, under_way = time.monotonic(), set[asyncio.Task[Post]]()
    for number in itertools.count():
        await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
        if stop.is_set():
            break
        task = asyncio.create_task(shop.post(merchants[number % len(merchants)], amount(number)))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)


async def all_of(shop: Shop, merchants: list[Merchant], count: int, *, at_once: int) -> None:
    """Post `count` entries, `at_once` at the same time."""
    numbers = iter(range(count))

    async def one_after_another() -> None:
        for number in numbers:
            await shop.post(merchants[number % len(merchants)], amount(number))

    await asyncio.gather(*(one_after_another() for _ in range(at_once)))


def amount(number: int) -> int:
    """Choose an entry's value in centavos: different ones, every fifth a debit, so that a lost or doubled one shows in the sum."""
    centavos = 1 + number * 7919 % 99_991
    return -centavos if number % 5 == 4 else centavos


def answers(posts: Iterable[Post]) -> Counter[int]:
    """Count the first answers by their status; 0 stands for none."""
    return Counter(post.first for post in posts)
