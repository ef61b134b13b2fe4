"""One active operator: a coordination.k8s.io Lease that is taken before anything is watched, and renewed as long as it runs.

As client-go does it: another holder's Lease counts as expired when *this* process has seen no renewal for its duration, so clocks need
not agree; who cannot renew stops before others may begin.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

import structlog

from caixa_operator.api import ApiError, ApiUnreachable, KubernetesApi
from caixa_operator.manifest import Manifest
from caixa_operator.metrics import LEADER

NAME = "caixa-operator"
_CONFLICT = 409
_log = structlog.get_logger(__name__)


class Lease:
    """This process's part in the election."""

    def __init__(self, api: KubernetesApi, namespace: str, identity: str, *, seconds: int) -> None:
        """Compete under `identity`, which no other process has; a Lease that is not renewed is free after `seconds`."""
        self._api = api
        self._namespace = namespace
        self._identity = identity
        self._seconds = seconds
        self._seen: tuple[str, str] | None = None
        self._seen_at = 0.0

    @property
    def pause(self) -> float:
        """How long to wait between two attempts or renewals."""
        return self._seconds / 5

    async def attempt(self) -> bool:
        """Take or renew the Lease, and tell whether it is held now. Raises ApiError or ApiUnreachable when nobody can tell."""
        found = await self._api.get("Lease", self._namespace, NAME)
        try:
            if found is None:
                await self._api.create(self._manifest(transitions=0))
            elif self._may_take(found["spec"]):
                transitions = found["spec"].get("leaseTransitions", 0) + (found["spec"].get("holderIdentity") != self._identity)
                wanted = self._manifest(transitions=transitions)["spec"]
                # With the version that was seen: of two that take it at once, one is refused.
                version = {"resourceVersion": found["metadata"]["resourceVersion"]}
                await self._api.merge("Lease", self._namespace, NAME, {"metadata": version, "spec": wanted})
            else:
                return False
        except ApiError as error:
            if error.status == _CONFLICT:
                return False
            raise
        return True

    async def release(self) -> None:
        """Let the next one begin at once, if this one holds it."""
        found = await self._api.get("Lease", self._namespace, NAME)
        if found is not None and found["spec"].get("holderIdentity") == self._identity:
            version = {"resourceVersion": found["metadata"]["resourceVersion"]}
            await self._api.merge("Lease", self._namespace, NAME, {"metadata": version, "spec": {"holderIdentity": None}})

    def _may_take(self, spec: Manifest) -> bool:
        holder = spec.get("holderIdentity") or ""
        if holder in ("", self._identity):
            return True
        now, seen = time.monotonic(), (holder, spec.get("renewTime", ""))
        if seen != self._seen:
            self._seen, self._seen_at = seen, now
        duration: int = spec.get("leaseDurationSeconds", self._seconds)
        return now - self._seen_at >= duration

    def _manifest(self, *, transitions: int) -> Manifest:
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": NAME, "namespace": self._namespace},
            "spec": {
                "holderIdentity": self._identity,
                "leaseDurationSeconds": self._seconds,
                "acquireTime": stamp,
                "renewTime": stamp,
                "leaseTransitions": transitions,
            },
        }


@asynccontextmanager
async def elected(lease: Lease, lost: Callable[[], None], *, deadline: float) -> AsyncIterator[None]:
    """Wait until the Lease is held, and hold it. `lost` is called when it was not renewed for `deadline` seconds, or is another's."""
    waiting = False
    while not await _attempted(lease):
        if not waiting:
            _log.info("waiting_for_lease")
        waiting = True
        await asyncio.sleep(lease.pause)
    _log.info("lease_taken")
    LEADER.set(1)
    renewing = asyncio.create_task(_renew(lease, lost, deadline))
    try:
        yield
    finally:
        renewing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await renewing
        LEADER.set(0)
        with contextlib.suppress(ApiError, ApiUnreachable):  # then it expires by itself
            await lease.release()


@asynccontextmanager
async def elected_apart(
    lease_of: Callable[[], AbstractAsyncContextManager[Lease]], lost: Callable[[], None], *, deadline: float
) -> AsyncIterator[None]:
    """Wait until the Lease is held, and hold it, as `elected` does: in a thread with a loop of its own.

    Where hundreds of CashBoxes are due together, a loop's one round takes seconds: a renewal among them would come too late. `lease_of`
    opens the Lease in that thread, with a connection of its own; `lost` is called there.
    """
    taken, ending, loop = asyncio.Event(), asyncio.Event(), asyncio.new_event_loop()
    here = asyncio.get_running_loop()

    async def hold() -> None:
        async with lease_of() as lease, elected(lease, lost, deadline=deadline):
            here.call_soon_threadsafe(taken.set)
            await ending.wait()

    thread = threading.Thread(target=loop.run_forever, name="lease", daemon=True)
    thread.start()
    holding = asyncio.run_coroutine_threadsafe(hold(), loop)
    ended = asyncio.wrap_future(holding)
    try:
        done = asyncio.gather(taken.wait())
        await asyncio.wait((done, ended), return_when=asyncio.FIRST_COMPLETED)
        done.cancel()
        if ended.done():
            ended.result()
        yield
    finally:
        if taken.is_set():
            loop.call_soon_threadsafe(ending.set)
        else:
            holding.cancel()
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_others_end(), loop))
        loop.call_soon_threadsafe(loop.stop)
        await asyncio.to_thread(thread.join)
        loop.close()


async def _others_end() -> None:
    """Wait until the running loop's other tasks have ended."""
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)


async def _attempted(lease: Lease) -> bool:
    try:
        return await lease.attempt()
    except (ApiError, ApiUnreachable) as error:
        _log.warning("lease_unknown", error=str(error))
        return False


async def _renew(lease: Lease, lost: Callable[[], None], deadline: float) -> None:
    renewed = time.monotonic()
    while True:
        await asyncio.sleep(lease.pause)
        asked = time.monotonic()  # the renewal is as old as the question
        try:
            held = await asyncio.wait_for(_attempted(lease), max(renewed + deadline - asked, 0.01))
        except TimeoutError:
            held = False
        if held:
            renewed = asked
        elif time.monotonic() - renewed >= deadline:
            LEADER.set(0)
            _log.error("lease_lost")
            lost()
            return
