"""What a cluster's controllers would do where there are none: everything that is applied soon goes well."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from caixa_operator.api import ApiError, ApiUnreachable, KubernetesApi

PAUSE_SECONDS = 0.2
MANAGER = "controllers"
_ENDED = "2026-01-01T00:00:01Z"
_COMPLETE = {
    "startTime": "2026-01-01T00:00:00Z",
    "completionTime": _ENDED,
    "succeeded": 1,
    "conditions": [
        {
            "type": kind,
            "status": "True",
            "reason": "CompletionsReached",
            "message": "",
            "lastTransitionTime": _ENDED,
            "lastProbeTime": _ENDED,
        }
        for kind in ("SuccessCriteriaMet", "Complete")
    ],
}


@asynccontextmanager
async def controllers(api: KubernetesApi, namespace: str, *, pause: float = PAUSE_SECONDS) -> AsyncIterator[None]:
    """Play controllers in a namespace (in all where none is named) while the block runs: stores answer, Jobs end, Deployments roll out."""
    playing = asyncio.create_task(_play(api, namespace, pause))
    try:
        yield
    finally:
        playing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await playing


async def _play(api: KubernetesApi, namespace: str, pause: float) -> None:
    while True:
        with contextlib.suppress(ApiUnreachable):  # as controllers do, they try again
            for kind in ("StatefulSet", "Job", "Deployment"):
                for found in await api.list(kind, namespace):
                    wanted = _COMPLETE if kind == "Job" else _rolled_out(found)
                    if any((found.get("status") or {}).get(key) != value for key, value in wanted.items() if key != "conditions"):
                        await _tell(api, found, wanted)
        await asyncio.sleep(pause)


def _rolled_out(found: dict[str, Any]) -> dict[str, Any]:  # Any: Kubernetes objects are free-form JSON
    pods = found["spec"].get("replicas", 1)
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), pods) if pods else {}
    return {"observedGeneration": found["metadata"]["generation"], **counts}


async def _tell(api: KubernetesApi, found: dict[str, Any], status: dict[str, Any]) -> None:
    metadata = {"name": found["metadata"]["name"], "namespace": found["metadata"]["namespace"]}
    body = {"apiVersion": found["apiVersion"], "kind": found["kind"], "metadata": metadata, "status": status}
    with contextlib.suppress(ApiError):  # it may have been deleted meanwhile
        await api.apply(body, subresource="status", manager=MANAGER)
