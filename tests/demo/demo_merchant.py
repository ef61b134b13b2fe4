"""The demo's merchant: registered once, with entries that a second run repeats without doubling them."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from tests.cluster.shop import Credentials, Merchant, Refused, Shop, opened
from tests.kubernetes.waiting import TimedOut

NAME = "Padaria da Esquina"
ENTRIES = (
    (12_345, "venda no balcão"),
    (8_990, "bolo de aniversário"),
    (-4_500, "farinha e fermento"),
    (150_000, "encomenda da escola"),
    (-23_075, "conta de luz"),
)
ANSWER_SECONDS = 60.0


@dataclass(frozen=True)
class Outcome:
    """What the demo shows: the merchant, the entries (centavos, description) and the balance in centavos."""

    merchant: Merchant
    entries: Sequence[tuple[int, str]]
    balance: int


async def play(gateway: str, admin: Credentials, known: Merchant | None) -> Outcome:
    """Register the merchant unless the gateway knows it, post the entries, and wait until the balance has them all.

    Raises Refused with what the gateway said, TimedOut when the balance stays behind.
    """
    async with opened(gateway, admin) as shop:
        await _answers(shop, admin)
        merchant = known if known and await _signs_in(shop, known) else await shop.register(NAME)
        for number, (centavos, description) in enumerate(ENTRIES, start=1):
            post = await shop.post(merchant, centavos, key=f"demo-{number}", description=description)
            if post.last != 201:
                raise Refused(f"POST /api/v1/lancamentos: {post.last} {post.said}")
        total = sum(centavos for centavos, _ in ENTRIES)
        return Outcome(merchant, ENTRIES, await _balance(shop, merchant, at_least=total))


async def _answers(shop: Shop, admin: Credentials) -> None:
    """Wait for the gateway's door: a Service's new address takes the node a moment."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            await shop.token(admin)
        except (aiohttp.ClientError, TimeoutError, Refused) as error:
            if time.monotonic() > deadline:
                raise TimedOut(f"the gateway does not let the administrator in after {ANSWER_SECONDS:.0f} s: {error}") from error
            await asyncio.sleep(0.3)
        else:
            return


async def _signs_in(shop: Shop, merchant: Merchant) -> bool:
    try:
        await shop.token(merchant.credentials)
    except Refused:
        return False
    return True


async def _balance(shop: Shop, merchant: Merchant, *, at_least: int) -> int:
    """Wait until the balance holds the entries; visitors may have posted more, or it is another day, when it is carried forward."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while (found := await shop.balance(merchant)) < at_least:
        if time.monotonic() > deadline:
            raise TimedOut(f"the balance is {found} centavos after {ANSWER_SECONDS:.0f} s; the entries are {at_least}")
        await asyncio.sleep(0.2)
    return found
