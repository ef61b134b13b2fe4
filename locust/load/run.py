"""One run of load: entries posted when due, repeated as clients should, and everything that came of them."""

import itertools
import time
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from uuid import uuid4

import gevent
import msgspec
from gevent.pool import Pool

from load.gateway import Answer, Gateway
from load.ledger import Entry, Ledger, amount
from load.merchants import Client, Merchant, register
from load.target import Target

AT_ONCE = 2000
REPEAT_SECONDS = 60.0
REPEAT_PAUSE_SECONDS = 0.5
READ_EVERY = 5
"""A balance is read besides every so many entries."""

Observe = Callable[[str, str, float, Answer], None]
"""Told of each first answer: method, name, milliseconds since it was due, the answer."""


class Run:
    """The state of one run; `observe` hears of each first answer."""

    def __init__(self, target: Target, merchants: int, observe: Observe) -> None:
        self.gateway = Gateway(target.gateway)
        self.ledger = Ledger()
        self.first: Counter[int] = Counter()
        """First answers to entries by status; 0 stands for none."""
        self.final: Counter[int] = Counter()
        """Last answers, after repeating; what is not 201 here is lost or refused."""
        self._admin = Client(self.gateway, target.admin)
        self._observe = observe
        self._pool = Pool(AT_ONCE)
        self._name = f"carga-{uuid4().hex[:8]}"
        self.merchants = [self._register(number) for number in range(merchants)]
        self.began = time.monotonic()

    @property
    def sent(self) -> int:
        """How many entries fell due, answered or not."""
        return sum(self.first.values()) + self.waiting

    @property
    def waiting(self) -> int:
        """How many greenlets still wait for an answer."""
        return len(self._pool)

    def merchant(self, position: int) -> Merchant:
        """Return the merchant at this position, registering those that are missing (Locust's page can add users)."""
        while len(self.merchants) <= position:
            self.merchants.append(self._register(len(self.merchants)))
        return self.merchants[position]

    def act(self, merchant: Merchant, number: int, due: float) -> None:
        """Post the merchant's entry with this number, and now and then read the balance; `due` is monotonic; nothing waits."""
        self._pool.spawn(self._post, merchant, number, due)
        if number % READ_EVERY == 0:
            self._pool.spawn(self._read, merchant, due)

    def finish(self) -> None:
        """Wait for the answers that are under way, at most as long as an entry is repeated."""
        self._pool.join(timeout=REPEAT_SECONDS + 30)

    def _register(self, number: int) -> Merchant:
        return register(self.gateway, self._admin, f"{self._name}-{number}")

    def _post(self, merchant: Merchant, number: int, due: float) -> None:
        kind, cents = amount(number)
        body = msgspec.json.encode({"tipo": kind, "valor": cents, "moeda": "BRL", "descricao": f"carga {number}"})
        key = f"{merchant.name}-{number}"
        answer = merchant.post(key, body)
        self.first[answer.status] += 1
        self._observe("POST", "/lancamentos", _since(due), answer)
        until = time.monotonic() + REPEAT_SECONDS
        for attempt in itertools.count(1):
            if not answer.worth_repeating or time.monotonic() > until:
                break
            gevent.sleep(answer.retry_after or REPEAT_PAUSE_SECONDS * min(attempt, 10))
            answer = merchant.post(key, body)
        self.final[answer.status] += 1
        if answer.status == HTTPStatus.CREATED:
            self.ledger.record(merchant.name, msgspec.json.decode(answer.body, type=Entry))

    def _read(self, merchant: Merchant, due: float) -> None:
        answer = merchant.read("/saldos/atual", patient=False)
        self._observe("GET", "/saldos/atual", _since(due), answer)


def _since(due: float) -> float:
    return (time.monotonic() - due) * 1000
