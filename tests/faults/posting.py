"""Merchants who post at a steady rate whatever happens, and repeat a POST under its key until it is answered 201."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from uuid import UUID, uuid4

import aiohttp
import msgspec

from caixa_comum.dominio import Tipo
from caixa_comum.events import LancamentoRegistrado
from tests.faults.services import Platform, Service
from tests.local.waiting import TimedOut, eventually

RATE = 50.0
MERCHANTS = 3
CURRENCIES = ("BRL", "USD")
ANSWER_SECONDS = 30.0
CONNECTIONS = 400
KEPT_SECONDS = 2.0
"""How long an idle connection is kept: less than the server keeps it, so that no POST is sent on one that is just being closed."""
AGAIN_SECONDS = 0.5
PATIENCE_SECONDS = 120.0
CREATED = "201"
LOST = "nothing"
TRY_AGAIN = frozenset({"503", "409", LOST})
"""What says that the same POST, under the same key, is to be repeated: 409 while the first attempt is still under way."""


class Created(msgspec.Struct):
    """What of a 201's body is not known beforehand."""

    id: UUID
    registrado_em: datetime


@dataclass
class Posts:
    """What was posted, as its senders know it: no look into the database."""

    accepted: list[LancamentoRegistrado] = field(default_factory=list)
    unanswered: set[str] = field(default_factory=set)
    """Keys of the POSTs that are still repeated."""
    answers: Counter[str] = field(default_factory=Counter)
    """Every attempt, by its status or LOST."""
    replayed: int = 0
    """201s that repeated what an earlier attempt, whose answer was lost, had recorded."""
    slowest: float = 0.0
    """The longest that a 201 took, from its attempt, in seconds."""

    async def until_answered(self) -> None:
        """Wait until all POSTs that were sent before now are answered 201, while others keep coming."""
        held_up = set(self.unanswered)

        async def answered() -> bool:
            return self.unanswered.isdisjoint(held_up)

        await eventually("the POSTs have caught up", answered, seconds=PATIENCE_SECONDS)

    def seen(self) -> dict[str, int | float]:
        """Give what a table shows."""
        others = {f"answered {status}": number for status, number in sorted(self.answers.items()) if status != CREATED}
        return {"POSTs": len(self.accepted), "answered 201": self.answers[CREATED], **others, "slowest s": round(self.slowest, 2)}

    def only_201_or_again(self) -> bool:
        """Tell whether every attempt was answered 201, or in vain and told so."""
        return set(self.answers) <= {CREATED, *TRY_AGAIN}

    def only_201(self) -> bool:
        """Tell whether every single attempt was answered 201."""
        return set(self.answers) == {CREATED}


@asynccontextmanager
async def posting(platform: Platform, api: Service, rate: float = RATE) -> AsyncIterator[Posts]:
    """Post at this rate until the block ends, then until every POST is answered."""
    posts, enough = Posts(), asyncio.Event()
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEPT_SECONDS)
    async with (
        aiohttp.ClientSession(api.url, timeout=timeout, connector=connector) as session,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(_keep_posting(platform, session, rate, posts, enough, group))
        try:
            yield posts
        finally:
            enough.set()


async def _keep_posting(
    platform: Platform, session: aiohttp.ClientSession, rate: float, posts: Posts, enough: asyncio.Event, group: asyncio.TaskGroup
) -> None:
    """Send at a constant rate, whatever answers take (open loop): credits and debits, two currencies, two days, some merchants."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)  # already over, or still today, in every merchant's zone
    merchants = cycle([(merchant, platform.issuer.token(merchant)) for merchant in (uuid4() for _ in range(MERCHANTS))])
    days = (yesterday, yesterday - timedelta(days=1))
    began, number = time.monotonic(), 0
    while not enough.is_set():
        merchant, token = next(merchants)
        sent = _Post(
            merchant,
            token,
            Tipo.DEBITO if number % 5 == 0 else Tipo.CREDITO,
            valor=number % 997 + 1,
            moeda=CURRENCIES[number % 7 == 0],
            data=days[number % 11 == 0],
        )
        group.create_task(_until_created(session, sent, posts))
        number += 1
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))


@dataclass(frozen=True)
class _Post:
    comerciante_id: UUID
    token: str = field(repr=False)
    tipo: Tipo
    valor: int
    moeda: str
    data: date
    key: str = field(default_factory=lambda: uuid4().hex)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Idempotency-Key": self.key}

    @property
    def body(self) -> dict[str, object]:
        return {"tipo": self.tipo.value, "valor": self.valor, "moeda": self.moeda, "data": self.data.isoformat()}


async def _until_created(session: aiohttp.ClientSession, sent: _Post, posts: Posts) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    posts.unanswered.add(sent.key)
    while time.monotonic() < deadline:
        began = time.monotonic()
        try:
            async with session.post("/api/v1/lancamentos", json=sent.body, headers=sent.headers) as answer:
                status, body = str(answer.status), await answer.read()
                replayed = answer.headers.get("Idempotency-Replayed") == "true"
        except (aiohttp.ClientError, TimeoutError):
            status = LOST
        posts.answers[status] += 1
        if status == CREATED:
            posts.slowest = max(posts.slowest, time.monotonic() - began)
            posts.replayed += replayed
            posts.unanswered.discard(sent.key)
            posts.accepted.append(_entry(sent, msgspec.json.decode(body, type=Created)))
            return
        await asyncio.sleep(AGAIN_SECONDS)
    raise TimedOut(f"a POST is answered 201: not within {PATIENCE_SECONDS:.0f} s")


def _entry(sent: _Post, created: Created) -> LancamentoRegistrado:
    """Give the entry that must exist: what was sent, under the id that the answer gave it."""
    return LancamentoRegistrado(
        id=created.id,
        comerciante_id=sent.comerciante_id,
        tipo=sent.tipo,
        valor=sent.valor,
        moeda=sent.moeda,
        data=sent.data,
        registrado_em=created.registrado_em,
    )
