"""One active operator, by a Lease on a real API server."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from caixa_operator.api import connected
from caixa_operator.lease import NAME, Lease, elected, elected_apart
from tests.control_plane.cluster import Cluster
from tests.control_plane.installed import NAMESPACE, Installed
from tests.control_plane.recorded import Recorded
from tests.kubernetes.kubectl import Kubectl

SECONDS = 2


def lease(api: Recorded, identity: str) -> Lease:
    """Return one competitor's part."""
    return Lease(api.api, NAMESPACE, identity, seconds=SECONDS)


def holder(kubectl: Kubectl) -> str | None:
    """Return who holds the Lease."""
    found: str | None = kubectl.get(f"--namespace={NAMESPACE}", "lease", NAME)["spec"].get("holderIdentity")
    return found


async def test_the_second_waits_until_the_first_lets_go(api: Recorded, cluster: Cluster) -> None:
    """While one holds and renews it, nobody else gets it, however long it takes; when it ends in order, the next one begins."""
    lost: list[str] = []
    async with elected(lease(api, "first"), lambda: lost.append("first"), deadline=60):
        second = lease(api, "second")
        for _ in range(8):
            assert not await second.attempt()
            await asyncio.sleep(SECONDS / 4)
    assert await second.attempt()
    assert holder(cluster.kubectl) == "second"
    assert lost == []
    await second.release()
    assert holder(cluster.kubectl) is None


async def test_one_that_died_is_followed_after_the_lease_s_time(api: Recorded, cluster: Cluster) -> None:
    """A Lease that nobody renews is taken, and who held it learns so and stops."""
    dead, next_one = lease(api, "dead"), lease(api, "next")
    assert await dead.attempt()
    assert not await next_one.attempt()
    taken = asyncio.Event()

    async def follow() -> None:
        async with elected(next_one, lambda: None, deadline=60):
            taken.set()
            await asyncio.sleep(60)

    following = asyncio.create_task(follow())
    await asyncio.wait_for(taken.wait(), 60)
    assert holder(cluster.kubectl) == "next"
    assert not await dead.attempt()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert holder(cluster.kubectl) is None


async def test_of_two_at_once_one_wins(api: Recorded, cluster: Cluster) -> None:
    """The API server refuses the one that has seen an older version."""
    competitors = [lease(api, f"c{place}") for place in range(6)]
    won = await asyncio.gather(*(one.attempt() for one in competitors))
    assert sum(won) == 1
    await competitors[won.index(True)].release()
    assert holder(cluster.kubectl) is None


async def test_one_that_cannot_renew_stops_before_the_next_may_begin(api: Recorded, cluster: Cluster) -> None:
    """Somebody else's hand on the Lease, or an API server that is away, ends the work: `lost` is called."""
    lost = asyncio.Event()
    async with elected(lease(api, "first"), lost.set, deadline=0.5):
        cluster.kubectl(f"--namespace={NAMESPACE}", "patch", "lease", NAME, "--type=merge", '--patch={"spec":{"holderIdentity":"other"}}')
        await asyncio.wait_for(lost.wait(), 60)
    assert holder(cluster.kubectl) == "other"
    cluster.kubectl(f"--namespace={NAMESPACE}", "delete", "lease", NAME)


async def test_a_loop_that_is_busy_for_long_does_not_lose_it(least: Installed, cluster: Cluster) -> None:
    """Held from a thread of its own, it is renewed while the process's loop stands still for longer than the Lease lasts; then freed."""
    lost: list[str] = []

    @asynccontextmanager
    async def opened() -> AsyncIterator[Lease]:
        async with connected(least.kubeconfig) as api:
            yield Lease(api, NAMESPACE, "busy", seconds=SECONDS)

    async with elected_apart(opened, lambda: lost.append("busy"), deadline=60):
        before = renewed(cluster.kubectl)
        time.sleep(SECONDS * 2)  # noqa: ASYNC251 - that the loop stands still is what is tried
        assert renewed(cluster.kubectl) > before
        assert holder(cluster.kubectl) == "busy"
    assert holder(cluster.kubectl) is None
    assert lost == []


async def test_one_that_waits_for_it_can_be_ended(api: Recorded, least: Installed, cluster: Cluster) -> None:
    """SIGTERM while another one holds the Lease: it ends at once, and leaves the Lease alone."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Lease]:
        async with connected(least.kubeconfig) as own:
            yield Lease(own, NAMESPACE, "waiting", seconds=SECONDS)

    async def wait() -> None:
        async with elected_apart(opened, lambda: None, deadline=60):
            raise AssertionError("it is another's")

    async with elected(lease(api, "first"), lambda: None, deadline=60):
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait_for(asyncio.gather(waiting, return_exceptions=True), 30)
        assert waiting.cancelled()
        assert holder(cluster.kubectl) == "first"


def renewed(kubectl: Kubectl) -> str:
    """Return when the Lease was last renewed."""
    return str(kubectl.get(f"--namespace={NAMESPACE}", "lease", NAME)["spec"]["renewTime"])
