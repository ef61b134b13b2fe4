"""After the load: every accepted entry is there as it was accepted, and every balance is the sum of its entries."""

import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import gevent
import msgspec
from gevent.pool import Pool

from load.gateway import Answer
from load.ledger import Day, Entry, Ledger, days
from load.merchants import Merchant

AT_ONCE = 32
CATCH_UP_SECONDS = 180.0
POLL_SECONDS = 0.25
CURRENCY = "BRL"


class Findings(msgspec.Struct, frozen=True):
    """What the check saw; it is all right when there are no differences."""

    entries: int
    balances: int
    catch_up_seconds: float
    """How long after the last answer the last balance was right."""
    differences: tuple[str, ...]


def check(ledger: Ledger, merchants: list[Merchant], *, catch_up: float = CATCH_UP_SECONDS) -> Findings:
    """Compare what the platform says with what it accepted; balances are given `catch_up` seconds, because they are a projection."""
    began = time.monotonic()
    pool = Pool(AT_ONCE)
    of_balances = pool.map(lambda merchant: _await_balances(merchant, days(ledger.entries(merchant.name)), began + catch_up), merchants)
    took = time.monotonic() - began
    pairs = [(merchant, entry) for merchant in merchants for entry in ledger.entries(merchant.name)]
    of_entries = pool.map(lambda pair: entry_difference(pair[1], pair[0].read(f"/lancamentos/{pair[1].id}")), pairs)
    repeated = _repeated([entry for _, entry in pairs])
    return Findings(
        entries=len(pairs),
        balances=sum(len(days(ledger.entries(merchant.name))) for merchant in merchants),
        catch_up_seconds=took,
        differences=(*repeated, *filter(None, of_entries), *(difference for found in of_balances for difference in found)),
    )


def entry_difference(entry: Entry, answer: Answer) -> str | None:
    """Say how the entry that is stored differs from the one that was accepted, or None."""
    if answer.status != HTTPStatus.OK:
        return f"entry {entry.id} was accepted and now answers {answer.status or 'nothing'}"
    stored = msgspec.json.decode(answer.body, type=Entry)
    return None if stored == entry else f"entry {entry.id} was accepted as {entry} and is stored as {stored}"


def balance_difference(day: str, expected: Day, answer: Answer) -> str | None:
    """Say how the answer to GET /saldos/{day} differs from the sum of the day's entries (their count too: each counts once), or None."""
    if answer.status != HTTPStatus.OK:
        return f"balance of {day} answers {answer.status or 'nothing'}"
    found = msgspec.convert(_of_currency(answer.json()), type=Day)
    return None if found == expected else f"balance of {day} must be {expected} and is {found}"


def _of_currency(answer: dict[str, Any]) -> dict[str, Any]:
    return next((balance for balance in answer["saldos"] if balance["moeda"] == CURRENCY), {})


def _await_balances(merchant: Merchant, expected: dict[str, Day], until: float) -> list[str]:
    while True:
        found = [f"{merchant.name}: {difference}" for difference in _balances(merchant, expected)]
        if not found or time.monotonic() > until:
            return found
        gevent.sleep(POLL_SECONDS)


def _balances(merchant: Merchant, expected: dict[str, Day]) -> Iterator[str]:
    for day, sums in expected.items():
        if difference := balance_difference(day, sums, merchant.read(f"/saldos/{day}")):
            yield difference


def _repeated(entries: list[Entry]) -> list[str]:
    distinct = len({entry.id for entry in entries})
    return [f"{len(entries)} answers name only {distinct} different entries"] if distinct < len(entries) else []
