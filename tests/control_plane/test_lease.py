"""One active operator, by a Lease on a real API server."""

import asyncio

from caixa_operator.lease import NAME, Lease, elected
from tests.control_plane.cluster import Cluster
from tests.control_plane.installed import NAMESPACE
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
