"""Killing what is between an entry and its balance loses nothing and doubles nothing."""

import asyncio
import contextlib
import itertools
import os
import signal
from typing import Any

from tests.cluster import ledger
from tests.cluster.installation import Installation
from tests.cluster.shop import all_of, opened
from tests.kubernetes import cgroups
from tests.provision.command import CommandFailed

ENTRIES = 10_000
EVERY_SECONDS = 5.0
KILLED = ("fluxo-relay", "saldo-consumer")


async def test_ten_thousand_entries_survive_killed_relays_and_consumers(platform: Installation) -> None:
    """With a relay and a consumer killed every 5 s, both schemas end with the same counts and sums for each merchant, to the centavo."""
    async with opened(platform.gateway, platform.admin) as shop:
        merchants = [await shop.register(f"Feira {number}") for number in range(3)]
        kills = asyncio.create_task(_kill_every_few_seconds(platform))
        try:
            await all_of(shop, merchants, ENTRIES, at_once=24)
        finally:
            kills.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await kills
        assert [post for post in shop.posts if post.last != 201] == []
        await shop.caught_up(merchants, seconds=180)
        wanted = {
            merchant.id.replace("-", ""): ledger.Sum(
                sum(1 for post in shop.posts if post.merchant == merchant),
                shop.accepted(merchant),
            )
            for merchant in merchants
        }
    for found in (ledger.entries(platform.kubectl, platform.name), ledger.balances(platform.kubectl, platform.name)):
        assert {merchant: found.get(merchant) for merchant in wanted} == wanted


async def _kill_every_few_seconds(platform: Installation) -> None:
    for number in itertools.count():
        await asyncio.sleep(EVERY_SECONDS)
        for component in KILLED:
            await asyncio.to_thread(_kill_one, platform, component, number)


def _kill_one(platform: Installation, component: str, number: int) -> None:
    """Kill one pod's processes without a warning, then have it replaced: a restarted container would wait longer each time."""
    pods = platform.pods(component)
    if not pods:
        return
    pod: dict[str, Any] = pods[number % len(pods)]
    for pid in cgroups.pids_of_pod(pod["metadata"]["uid"]):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(CommandFailed):  # gone by itself: scaled down
        platform.kubectl("delete", "pod", pod["metadata"]["name"], "--grace-period=0", "--force", "--wait=false")
