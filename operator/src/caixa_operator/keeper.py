"""Keeps one CashBox: full reconciles when something changed or time has passed, and steps of scaling in between."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import structlog

from caixa_operator import metrics
from caixa_operator.api import ApiError, ApiUnreachable, KubernetesApi
from caixa_operator.autoscaler.scaler import CALM_SECONDS, Queue, Scaled, Scaler
from caixa_operator.events import record
from caixa_operator.manifest import Manifest
from caixa_operator.reconcile import paused, report
from caixa_operator.reconcile.assess import Assessment
from caixa_operator.reconcile.claims import conditions
from caixa_operator.reconcile.observe import secret_versions
from caixa_operator.reconcile.reconciler import Reconciled, UsersOf, reconcile
from caixa_operator.resources.credentials import Credentials
from caixa_operator.resources.external import Incomplete
from caixa_operator.settings import Settings
from caixa_operator.spec.cashbox import API_VERSION, KIND, CashBox
from caixa_operator.spec.status import SaldoStatus, Status

_CORRECT = "Correct it, or install this operator's CRD (k8s/crds)"
FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 60.0
ROTATING_SECONDS = 2.0
"""How often a rotation that is under way is looked at: pods that end are not watched."""
_TOLD = {"Ready": "False", "Degraded": "True", "BackupSucceeded": "False", "RouteAccepted": "False", "CredentialsRotating": None}
"""Conditions whose changes are events, each with the status that is a warning."""
_KINDS: dict[type[Exception], str] = {ApiError: "refused", ApiUnreachable: "unreachable", Incomplete: "incomplete"}
Last = tuple[CashBox, Manifest, Reconciled]
_log = structlog.get_logger(__name__)


class Keeper:
    """Keeps one CashBox; a trouble of its own never reaches another one's keeper."""

    def __init__(
        self,
        api: KubernetesApi,
        settings: Settings,
        queue_of: Callable[[CashBox, Credentials], Queue | None],
        namespace: str,
        name: str,
        *,
        users_of: UsersOf | None = None,
        among: asyncio.Semaphore | None = None,
    ) -> None:
        """Keep `name` in `namespace`; `queue_of` opens the broker's figures, `users_of` its users; `among` bounds reconciles at once."""
        self._api = api
        self._settings = settings
        self._queue_of = queue_of
        self._users_of = users_of
        self._among = among or asyncio.Semaphore()
        self._namespace = namespace
        self._name = name
        self._scaler = Scaler(api)
        self._body: Manifest | None = None
        self._last: Last | None = None
        self._pause = self._full_at = 0.0
        self._backoff = FIRST_BACKOFF

    async def turn(self, *, woken: bool) -> float:
        """Do what is due, and return how many seconds may pass until the next turn. Never raises but when cancelled."""
        began = time.monotonic()
        try:
            if woken or self._last is None or time.monotonic() >= self._full_at or await self._secrets_moved(self._last):
                await self.full()
            else:
                await self._scale(self._last)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one CashBox must stop neither its next turn nor others
            metrics.turned(self._namespace, self._name, well=False, seconds=time.monotonic() - began)
            return await self._failed(error)
        metrics.turned(self._namespace, self._name, well=True, seconds=time.monotonic() - began)
        self._backoff = FIRST_BACKOFF
        return self._pause

    async def _secrets_moved(self, last: Last) -> bool:
        """Tell whether a Secret was changed or deleted. They are read by name at each turn: to watch them, all would have to be listed."""
        cashbox, _, done = last
        return await secret_versions(self._api, cashbox, done.secrets) != done.secrets

    async def full(self) -> Status | None:
        """Reconcile once, and return the status; None when the CashBox is gone or going."""
        body = self._body = await self._api.get(KIND, self._namespace, self._name)
        self._last = None
        self._pause = float(self._settings.resync_seconds)
        self._full_at = time.monotonic() + self._pause
        if body is None or "deletionTimestamp" in body["metadata"]:
            return None
        previous = report.read(body)
        try:
            cashbox = CashBox.from_object(body)
        except msgspec.ValidationError as error:
            return await self._trouble(body, "InvalidSpec", f"the spec cannot be read, so nothing is changed: {error}. {_CORRECT}")
        if cashbox.spec.paused:
            await paused.suspend(self._api, cashbox)
            return await self._publish(body, cashbox, paused.paused(previous.conditions), _as_before(previous), None)
        served = previous.version is not None
        async with self._among:
            done = await reconcile(self._api, self._settings, cashbox, served_before=served, users_of=self._users_of)
        if done.rotated is not None and done.rotated.status.phase is not None:
            self._full_at = time.monotonic() + ROTATING_SECONDS
        if done.writes:
            metrics.WRITES.labels(self._namespace, self._name).inc(done.writes)
            _log.info("reconciled", cashbox=self._name, namespace=self._namespace, writes=done.writes, summary=done.assessment.summary)
        self._last = (cashbox, body, done)
        return await self._scale(self._last)

    async def _scale(self, last: Last) -> Status:
        cashbox, body, done = last
        queue = self._queue_of(cashbox, done.credentials) if _has_broker(done.assessment) else None
        scaled = await self._scaler.step(cashbox, queue, conflict=done.conflict, now=time.monotonic())
        self._pause = min(scaled.again_seconds, max(self._full_at - time.monotonic(), 0.0))
        if scaled.decision is not None:
            _log.info("scaled", cashbox=self._name, namespace=self._namespace, decision=scaled.decision)
            await record(self._api, body, kind="Normal", reason="Scaled", message=scaled.decision)
        return await self._publish(body, cashbox, done.assessment, scaled, done)

    async def _publish(self, body: Manifest, cashbox: CashBox, assessment: Assessment, scaled: Scaled, done: Reconciled | None) -> Status:
        previous = report.read(body)
        made = report.status(
            cashbox,
            assessment,
            scaled,
            previous,
            version=done.version if done else "",
            endpoints=done.endpoints if done else None,
            credentials=done.rotated.status if done and done.rotated else None,
            now=datetime.now(UTC),
        )
        metrics.show(self._namespace, self._name, made, scaled=scaled.decision is not None)
        await self._write(body, previous, made)
        return made

    async def _trouble(self, body: Manifest, reason: str, message: str) -> Status:
        """Say what keeps the CashBox from being reconciled, and leave all else as it was said last."""
        previous = report.read(body)
        assessment = paused.trouble(previous.conditions, reason, message)
        generation = body["metadata"]["generation"]
        claims = conditions(assessment.claims, previous.conditions, generation=generation, now=datetime.now(UTC))
        made = msgspec.structs.replace(previous, summary=assessment.summary, conditions=claims)
        metrics.show(self._namespace, self._name, made)
        await self._write(body, previous, made)
        return made

    async def _write(self, body: Manifest, previous: Status, made: Status) -> None:
        """Write the status if it differs, and tell the transitions that people should know of as events."""
        if made == previous:
            return
        status = msgspec.to_builtins(made)
        metadata = {"name": self._name, "namespace": self._namespace}
        await self._api.apply({"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "status": status}, subresource="status")
        body["status"] = status
        before = {one.type: one for one in previous.conditions}
        for one in made.conditions:
            if one.type in _TOLD and (one.type not in before or before[one.type].status != one.status):
                bad = one.type in before and one.status == _TOLD[one.type]
                await record(self._api, body, kind="Warning" if bad else "Normal", reason=one.reason, message=one.message)

    async def _failed(self, error: Exception) -> float:
        """Back off, and say so where it can be said."""
        longest = CALM_SECONDS if isinstance(error, Incomplete) else LONGEST_BACKOFF  # people are about to make the Secret
        delay, self._backoff = min(self._backoff, longest), min(self._backoff * 2, LONGEST_BACKOFF)
        _log.warning("reconcile_failed", cashbox=self._name, namespace=self._namespace, error=str(error), again_seconds=delay)
        kind = _KINDS.get(type(error), "fault")
        metrics.ERRORS.labels(kind).inc()
        if kind == "fault":
            _log.error("reconcile_fault", cashbox=self._name, namespace=self._namespace, exc_info=error)
        if self._body is not None:
            with contextlib.suppress(ApiError, ApiUnreachable):  # the next turn tries again, and says so then
                again = f"the last reconcile failed and is tried again after {delay:g} s: {error}"
                reason = "SecretIncomplete" if isinstance(error, Incomplete) else "ReconcileFailed"
                await self._trouble(self._body, reason, str(error) if isinstance(error, Incomplete) else again)
        self._last = None
        return delay


def _as_before(previous: Status) -> Scaled:
    """Keep what was said last about the consumers: nobody looks while a CashBox is paused."""
    said = previous.saldo or SaldoStatus()
    return Scaled(consumers=said.consumers, backlog=said.backlog, scaling=said.scaling)


def _has_broker(assessment: Assessment) -> bool:
    return any(one.type == "BrokerReady" and one.status == "True" for one in assessment.claims)


async def keep(keeper: Keeper, wake: asyncio.Event, lock: asyncio.Lock, beat: Callable[[], None]) -> None:
    """Keep a CashBox until cancelled: a wake-up starts a full reconcile at once. `lock` is held while anything is looked at or written."""
    woken = True
    while True:
        wake.clear()
        async with lock:
            pause = await keeper.turn(woken=woken)
        beat()
        try:
            await asyncio.wait_for(wake.wait(), max(pause, 0.2))
            woken = True
            await asyncio.sleep(0.3)  # events come in bursts: one reconcile answers them all
        except TimeoutError:
            woken = False
