"""Upgrades under load: a good one refuses nobody, and one whose migration fails halts by itself while the old version serves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.cluster.installation import Installation
from tests.cluster.releases import BAD, GOOD, publish
from tests.cluster.shop import Merchant, Shop, answers, at_rate, opened
from tests.demo.demo_cashbox import condition
from tests.kubernetes.waiting import until

RATE = 10.0


@asynccontextmanager
async def under_load(platform: Installation) -> AsyncIterator[tuple[Shop, Merchant]]:
    """Post at a steady rate until the block ends; then every entry must have been accepted at once, and the balance be exact."""
    async with opened(platform.gateway, platform.admin) as shop:
        merchant, stop = await shop.register("Quitanda"), asyncio.Event()
        load = asyncio.create_task(at_rate(shop, [merchant], RATE, stop))
        try:
            yield shop, merchant
        finally:
            stop.set()
            await load
        refused = {post.said for post in shop.posts if post.first != 201}
        assert answers(shop.posts) == {201: len(shop.posts)}, refused
        await shop.caught_up([merchant], seconds=120)


def images(platform: Installation, component: str) -> set[str]:
    """Return the tags of the images that a component's pods run."""
    return {pod["spec"]["containers"][0]["image"].rpartition(":")[2] for pod in platform.pods(component)}


async def test_a_failing_migration_halts_the_upgrade_and_the_old_version_serves(platform: Installation) -> None:
    """The condition names the service and what to do; no pod of the new fluxo starts; setting the version back ends it."""
    publish(platform.images, "quebrada", BAD)
    old = platform.cashbox()["status"]["version"]

    def halted() -> bool:
        reason: str = condition(platform.cashbox(), "MigrationsApplied")["reason"]
        return reason == "MigrationFailed"

    def taken_back() -> bool:
        return all(images(platform, component) == {old} for component in ("fluxo", "saldo", "saldo-consumer", "gateway"))

    async with under_load(platform):
        platform.patch({"version": "quebrada"})
        await asyncio.to_thread(until, "the operator says that the migration failed", halted, seconds=300, pause=1)
        said = condition(platform.cashbox(), "MigrationsApplied")["message"]
        assert "the migration of fluxo failed" in said
        assert "kubectl logs" in said
        assert condition(platform.cashbox(), "Degraded")["status"] == "True"
        assert images(platform, "fluxo") == images(platform, "fluxo-relay") == {old}
        assert platform.cashbox()["status"]["version"] == old
        platform.patch({"version": None})
        await asyncio.to_thread(until, "everything runs at the old version again", taken_back, seconds=300, pause=1)


async def test_an_upgrade_under_load_refuses_nobody(platform: Installation) -> None:
    """The migration runs first, then every pod is replaced; each entry meanwhile is accepted at its first try."""
    publish(platform.images, "seguinte", GOOD)

    def upgraded() -> bool:
        found: str = platform.cashbox()["status"]["version"]
        return found == "seguinte"

    async with under_load(platform):
        platform.patch({"version": "seguinte"})
        await asyncio.to_thread(until, "everything runs at the new version", upgraded, seconds=300, pause=1)
    for component in ("fluxo", "fluxo-relay", "saldo", "saldo-consumer", "gateway"):
        assert images(platform, component) == {"seguinte"}, component
