"""kopf's part: it watches, and wakes. `kopf run --standalone --module=caixa_operator.main`.

kopf's handlers are edge-triggered, so they decide nothing here: every event only wakes the one loop of the CashBox it concerns, and
that loop looks at everything anew. A lost event costs a resync period, never correctness.
"""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any  # kopf passes each handler more than it asks for
from uuid import uuid4

import aiohttp
import kopf

from caixa_comum import logs, topology
from caixa_comum.settings import load
from caixa_operator import metrics
from caixa_operator.api import KubernetesApi, connected
from caixa_operator.autoscaler.queue import Queue
from caixa_operator.heartbeat import Heartbeats, served
from caixa_operator.keeper import Keeper, keep
from caixa_operator.lease import Lease, elected_apart
from caixa_operator.reconcile.removal import remove
from caixa_operator.resources import rabbitmq
from caixa_operator.resources.credentials import Credentials
from caixa_operator.resources.external import MANAGEMENT_URL, trust
from caixa_operator.resources.identity import MANAGED_BY, OWNER_LABEL
from caixa_operator.rotation.users import ManagedUsers
from caixa_operator.settings import Settings
from caixa_operator.spec.cashbox import FINALIZER, GROUP, KIND, PLURAL, ROTATE_ANNOTATION, VERSION, CashBox

_CHILDREN = (
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
    ("", "services"),
    ("", "configmaps"),
    ("", "serviceaccounts"),
    ("policy", "poddisruptionbudgets"),
    ("networking.k8s.io", "networkpolicies"),
    ("networking.k8s.io", "ingresses"),
    ("gateway.networking.k8s.io", "httproutes"),  # watched once the cluster knows it
)

RECONCILES_AT_ONCE = 8
"""Of many CashBoxes that are due together, so many are looked at whole: each holds all of its children in memory meanwhile."""


class Operator:
    """What the handlers share while the operator runs."""

    def __init__(self, api: KubernetesApi, session: aiohttp.ClientSession, settings: Settings) -> None:
        """Begin with no CashBox."""
        self.api = api
        self.session = session
        self.settings = settings
        self.heartbeats = Heartbeats()
        self.wakes: dict[tuple[str, str], asyncio.Event] = {}
        self.locks: dict[tuple[str, str], asyncio.Lock] = {}
        self.reconciling = asyncio.Semaphore(RECONCILES_AT_ONCE)

    def queue_of(self, cashbox: CashBox, credentials: Credentials) -> Queue | None:
        """Open the broker's figures of a CashBox; None where an external broker's Secret does not say where they are."""
        if cashbox.spec.rabbitmq.mode == "External":
            theirs = credentials.values["rabbitmq-users"]
            url = theirs.get(MANAGEMENT_URL)
            return None if url is None else Queue(self.session, url, theirs.get("operator", ""), trust=trust(theirs))
        user, password = credentials.broker_users["operator"]
        return Queue(self.session, _management(cashbox), password, user=user)

    def users_of(self, cashbox: CashBox, credentials: Credentials) -> ManagedUsers:
        """Open the users of a CashBox's managed broker."""
        return ManagedUsers(self.session, _management(cashbox), *credentials.broker_users[topology.ADMINISTRATOR])

    def lock(self, key: tuple[str, str]) -> asyncio.Lock:
        """Return what a CashBox's reconcile and its deletion exclude each other by."""
        return self.locks.setdefault(key, asyncio.Lock())

    def wake(self, key: tuple[str, str]) -> None:
        """Wake the loop of a CashBox, if it has one."""
        if event := self.wakes.get(key):
            event.set()


def _management(cashbox: CashBox) -> str:
    return f"http://{cashbox.name}-{rabbitmq.COMPONENT}.{cashbox.namespace}.svc:{rabbitmq.MANAGEMENT_PORT}"


_running = AsyncExitStack()


@kopf.on.startup()
async def start(settings: kopf.OperatorSettings, memo: kopf.Memo, **_: Any) -> None:
    """Read the environment, connect, serve health, and wait for the Lease."""
    own = load(Settings, os.environ)
    logs.configure(own.log_level, "operator")
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)  # two lines for each event of each child, which the keeper's own say better
    settings.persistence.finalizer = FINALIZER
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=GROUP)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=GROUP)
    settings.posting.enabled = False  # events are the keeper's own words, not kopf's
    settings.watching.server_timeout = 300  # a watch that has stalled ends, and begins anew
    settings.watching.client_timeout = 330
    settings.networking.request_timeout = 30
    settings.scanning.disabled = bool(own.watched)  # no right to look for namespaces and definitions: kopf asks once which kinds there are
    api = await _running.enter_async_context(connected())
    for namespace in own.watched:
        await api.list(KIND, namespace)  # without the definition or the Role there is nothing to do: this ends the process, and says why
    session = await _running.enter_async_context(aiohttp.ClientSession())
    memo.operator = Operator(api, session, own)
    await _running.enter_async_context(served(memo.operator.heartbeats, own.host, own.management_port))
    if own.namespace:  # nothing is watched before this ends
        await _running.enter_async_context(elected_apart(lambda: _lease(own), _stop_at_once, deadline=own.lease_seconds * 2 / 3))


@asynccontextmanager
async def _lease(own: Settings) -> AsyncIterator[Lease]:
    """Open the Lease with a connection of its own: a renewal never waits behind the CashBoxes' requests."""
    async with connected() as api:
        yield Lease(api, own.namespace, f"{socket.gethostname()}_{uuid4().hex[:8]}", seconds=own.lease_seconds)


def _stop_at_once() -> None:
    """End without another write: whoever holds the Lease now may have begun, and an operator may be killed at any moment."""
    os._exit(1)


@kopf.on.cleanup()
async def stop(**_: Any) -> None:
    """Close what was opened."""
    await _running.aclose()


@kopf.daemon(GROUP, VERSION, PLURAL, cancellation_timeout=5.0)
async def cashbox(memo: kopf.Memo, namespace: str | None, name: str, **_: Any) -> None:
    """Keep a CashBox as long as it lives."""
    operator: Operator = memo.operator
    key = (namespace or "", name)
    wake = operator.wakes.setdefault(key, asyncio.Event())
    keeper = Keeper(operator.api, operator.settings, operator.queue_of, *key, users_of=operator.users_of, among=operator.reconciling)
    try:
        await keep(keeper, wake, operator.lock(key), lambda: operator.heartbeats.beat(*key))
    finally:
        operator.heartbeats.forget(*key)
        metrics.forget(*key)
        operator.wakes.pop(key, None)


@kopf.on.event(GROUP, VERSION, PLURAL)
async def changed(memo: kopf.Memo, namespace: str | None, name: str, meta: kopf.Meta, **_: Any) -> None:
    """Wake the loop of a CashBox whose spec changed, or that is asked for new passwords; its status is the operator's own, and no news."""
    seen = (meta.get("generation"), meta.annotations.get(ROTATE_ANNOTATION))
    if memo.get("seen") != seen:
        memo.seen = seen
        memo.operator.wake((namespace or "", name))


@kopf.on.delete(GROUP, VERSION, PLURAL)
async def deleted(memo: kopf.Memo, namespace: str | None, name: str, body: kopf.Body, **_: Any) -> None:
    """Carry out the deletionPolicy; a reconcile that still runs ends first, and no other begins."""
    operator: Operator = memo.operator
    key = (namespace or "", name)
    async with operator.lock(key):
        await remove(operator.api, dict(body))
    operator.locks.pop(key, None)


async def _child_changed(memo: kopf.Memo, namespace: str | None, labels: kopf.Labels, **_: Any) -> None:
    memo.operator.wake((namespace or "", labels[OWNER_LABEL]))


for _group, _plural in _CHILDREN:
    kopf.on.event(_group, "v1", _plural, labels={"app.kubernetes.io/managed-by": MANAGED_BY, OWNER_LABEL: kopf.PRESENT})(_child_changed)
