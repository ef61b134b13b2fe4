"""A CashBox's life from creation to deletion, stage by stage, while the operator's process is killed at random moments."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from caixa_operator.api import KubernetesApi
from tests.control_plane.controllers import controllers
from tests.control_plane.installed import NAMESPACE
from tests.control_plane.running_operator import RunningOperator

LONGEST_SECONDS = 1.5
"""A process is killed at a moment within so long after it first answers: most moments are in the midst of its work."""
QUICK_SECONDS, SLOW_SECONDS = 0.2, 1.0
"""How often controllers look: slowly where there are kills, so that a stage outlasts more of them."""
KINDS = (
    "ConfigMap",
    "CronJob",
    "Deployment",
    "Job",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Service",
    "ServiceAccount",
    "StatefulSet",
)
SECRETS = ("admin", "mysql-users", "rabbitmq-users", "signing-key", "mysql-init", "rabbitmq-definitions")
RANDOM = {"caixa.dev/applied", "caixa.dev/credentials", "caixa.dev/configuration"}
"""Annotations that hold fingerprints of generated passwords."""
CHOSEN = {"clusterIP", "clusterIPs", "nodePort", "controller-uid", "batch.kubernetes.io/controller-uid"}
"""Fields whose values the API server chooses."""
ASSIGNED = {"uid", "resourceVersion", "creationTimestamp", "managedFields", "namespace", "ownerReferences", "generation"}
Object = dict[str, Any]  # Any: Kubernetes objects are free-form JSON
State = dict[str, object]


@dataclass(frozen=True)
class Stage:
    """One change of a CashBox: how it begins, how its end is known, and how often the operator is killed meanwhile."""

    name: str
    begin: Callable[[KubernetesApi, str], Awaitable[object]]
    """Given the administrator's client and the namespace."""
    done: Callable[[Object | None], bool]
    """Given the CashBox, or None where there is none."""
    kills: int
    same_passwords: bool = True
    """Whether the generated passwords that were there before must be there afterwards, unless they went with the CashBox."""


def applied(**spec: object) -> Callable[[KubernetesApi, str], Awaitable[object]]:
    """Begin by applying a spec, as a person does."""

    async def begin(api: KubernetesApi, namespace: str) -> None:
        metadata = {"name": "loja", "namespace": namespace}
        await api.apply({"apiVersion": "caixa.dev/v1alpha1", "kind": "CashBox", "metadata": metadata, "spec": spec}, manager="person")

    return begin


def deleted(api: KubernetesApi, namespace: str) -> Awaitable[object]:
    """Begin by deleting the CashBox."""
    return api.delete("CashBox", namespace, "loja")


def serves(version: str) -> Callable[[Object | None], bool]:
    """Tell that a version serves. The broker's name means nothing here, so the autoscaler stays blind: all else the summary tells."""

    def done(body: Object | None) -> bool:
        status = (body or {}).get("status") or {}
        return bool(status.get("version") == version and status.get("summary") == "Serving")

    return done


async def lived(
    stages: Sequence[Stage], api: KubernetesApi, operator: RunningOperator, moments: random.Random | None
) -> tuple[list[State], int]:
    """Let a CashBox live in a namespace of its own; with `moments`, kill the operator at such while each stage is under way.

    Return the state after each stage, and how many kills came before their stage had ended.
    """
    life = _Life(api, operator, f"caixa-{uuid4().hex[:8]}", moments)
    await api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": life.namespace, "namespace": ""}})
    async with controllers(api, life.namespace, pause=QUICK_SECONDS if moments is None else SLOW_SECONDS):
        return [await life.stage(one) for one in stages], life.in_the_midst


class _Life:
    def __init__(self, api: KubernetesApi, operator: RunningOperator, namespace: str, moments: random.Random | None) -> None:
        self.namespace = namespace
        self.in_the_midst = 0
        self._api = api
        self._operator = operator
        self._moments = moments

    async def stage(self, stage: Stage) -> State:
        """Live through a stage, and return the state that it ends in once that moves no more."""
        before = await self._passwords()
        await stage.begin(self._api, self.namespace)
        if self._moments is not None:
            for _ in range(stage.kills):
                await self._kill(self._moments.uniform(0.0, LONGEST_SECONDS), stage)
        found = await self._ended(stage)
        after = await self._passwords()
        if stage.same_passwords and before is not None and after is not None:
            assert after == before, f"{stage.name}: generated passwords were made anew"
        return found

    async def _kill(self, moment: float, stage: Stage) -> None:
        await asyncio.to_thread(self._operator.await_serving)
        await asyncio.sleep(moment)
        await asyncio.to_thread(self._operator.end)
        self.in_the_midst += not stage.done(await self._cashbox())
        await free(self._api)
        self._operator.start()

    async def _ended(self, stage: Stage) -> State:
        deadline = time.monotonic() + 180
        previous: State | None = None
        while time.monotonic() < deadline:
            if self._operator.ended:  # as the kubelet would
                self._operator.start()
            if stage.done(await self._cashbox()):
                present = await state(self._api, self.namespace)
                if present == previous:
                    return present
                previous = present
            await asyncio.sleep(1.5)
        there = await state(self._api, self.namespace)
        raise AssertionError(f"{stage.name} did not end: {there}\n{self._operator.log.read_text()[-4000:]}")

    async def _cashbox(self) -> Object | None:
        return await self._api.get("CashBox", self.namespace, "loja")

    async def _passwords(self) -> Object | None:
        found = await self._api.get("Secret", self.namespace, "loja-mysql-users")
        return None if found is None else found["data"]


async def free(api: KubernetesApi) -> None:
    """Free the Lease of one that was killed: that the next one waits for it has a test of its own."""
    await api.delete("Lease", NAMESPACE, "caixa-operator")


async def state(api: KubernetesApi, namespace: str) -> State:
    """Return all that is in a namespace, in a form in which two that were made alike are equal."""
    found: State = {}
    for kind in KINDS:
        for one in await api.list(kind, namespace, "caixa.dev/cashbox=loja"):
            metadata = {key: value for key, value in one["metadata"].items() if key not in ASSIGNED}
            owners = [owner["kind"] for owner in one["metadata"].get("ownerReferences", [])]
            found[f"{kind}/{metadata['name']}"] = plain({"metadata": metadata, "owners": owners, "spec": one.get("spec")}, namespace)
    for secret in SECRETS:
        there = await api.get("Secret", namespace, f"loja-{secret}")
        found[f"Secret/{secret}"] = None if there is None else sorted(there["data"])
    body = await api.get("CashBox", namespace, "loja")
    if body is not None:
        conditions = {one["type"]: (one["status"], one["reason"]) for one in body["status"]["conditions"]}
        found["status"] = (conditions, body["status"]["version"], body["status"]["summary"])
    return found


def plain(found: object, namespace: str) -> object:
    """Return an object without what the API server assigned, what is random, and the namespace's name."""
    if isinstance(found, dict):
        kept = {key: value for key, value in found.items() if key not in RANDOM | CHOSEN}
        return {key: plain(value, namespace) for key, value in kept.items()}
    if isinstance(found, list):
        return [plain(one, namespace) for one in found]
    return found.replace(namespace, "NAMESPACE") if isinstance(found, str) else found
