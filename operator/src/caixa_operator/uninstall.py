"""What `helm uninstall` runs first: the operator stops and lets go of every CashBox. `python -m caixa_operator.uninstall`.

A CashBox's finalizer waits for the operator, so without this a CashBox deleted after the operator would wait for ever. Platforms go on
serving; an operator that is installed again takes them up again.
"""

import asyncio
import os
import time
from collections.abc import Callable, Sequence

import msgspec
import structlog

from caixa_comum import logs
from caixa_comum.settings import load
from caixa_operator.api import ApiError, KubernetesApi, connected
from caixa_operator.manifest import Manifest
from caixa_operator.reconcile.removal import remove
from caixa_operator.settings import namespaces
from caixa_operator.spec.cashbox import FINALIZER, KIND

DEPLOYMENT = "caixa-operator"
STOP_SECONDS = 90.0
ATTEMPTS = 5
CONFLICT = 409
_log = structlog.get_logger(__name__)


class StillRunning(Exception):
    """The operator's pods did not end in time: what is let go of would be taken again."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the operator runs and what it watches, from `CAIXA_OPERATOR_NAMESPACE` and `CAIXA_WATCH_NAMESPACES`."""

    operator_namespace: str
    watch_namespaces: str = ""


async def uninstall(
    api: KubernetesApi, namespace: str, clock: Callable[[], float] = time.monotonic, *, watched: Sequence[str] = ()
) -> list[str]:
    """Stop the operator in `namespace`, then let go of all CashBoxes that it watches (`watched`, else all); return their `namespace/name`.

    One that is already being deleted gets what its deletionPolicy promises first. Raises StillRunning, ApiError, ApiUnreachable.
    """
    await _stop(api, namespace, clock() + STOP_SECONDS, clock)
    freed = []
    for body in [one for watching in watched or ("",) for one in await api.list(KIND, watching)]:
        if FINALIZER in (body["metadata"].get("finalizers") or []):
            if "deletionTimestamp" in body["metadata"]:
                await remove(api, body)
            await _let_go(api, body)
            freed.append(f"{body['metadata']['namespace']}/{body['metadata']['name']}")
    return freed


async def _stop(api: KubernetesApi, namespace: str, until: float, clock: Callable[[], float]) -> None:
    if await api.get("Deployment", namespace, DEPLOYMENT) is None:
        return
    await api.scale(namespace, DEPLOYMENT, 0)
    while True:
        found = await api.get("Deployment", namespace, DEPLOYMENT)
        status = (found or {}).get("status") or {}
        seen = found is None or status.get("observedGeneration", 0) >= found["metadata"]["generation"]
        if seen and not status.get("replicas") and not status.get("terminatingReplicas"):
            return
        if clock() > until:
            raise StillRunning(f"pods of {namespace}/{DEPLOYMENT} still run after {STOP_SECONDS:.0f} s: delete them and try again")
        await asyncio.sleep(0.5)


async def _let_go(api: KubernetesApi, body: Manifest) -> None:
    """Take the finalizer away, and no other's; who else wrote in between is read again."""
    metadata = body["metadata"]
    for _ in range(ATTEMPTS):
        kept = [one for one in metadata.get("finalizers") or [] if one != FINALIZER]
        patch = {"metadata": {"finalizers": kept, "resourceVersion": metadata["resourceVersion"]}}
        try:
            await api.merge(KIND, metadata["namespace"], metadata["name"], patch)
        except ApiError as error:
            if error.status != CONFLICT:
                raise
            found = await api.get(KIND, metadata["namespace"], metadata["name"])
            if found is None:
                return
            metadata = found["metadata"]
        else:
            return


async def main() -> None:
    """Run once."""
    logs.configure("info", "operator")
    settings = load(Settings, os.environ)
    async with connected() as api:
        freed = await uninstall(api, settings.operator_namespace, watched=namespaces(settings.watch_namespaces))
    _log.info("let_go", cashboxes=freed)


if __name__ == "__main__":
    asyncio.run(main())
