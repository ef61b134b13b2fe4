"""Events on a CashBox: what the operator decided, for `kubectl describe`."""

from datetime import UTC, datetime
from typing import Literal

import structlog

from caixa_operator.api import ApiError, KubernetesApi
from caixa_operator.manifest import Manifest
from caixa_operator.spec.cashbox import API_VERSION, KIND

COMPONENT = "caixa-operator"
_log = structlog.get_logger(__name__)


def event(body: Manifest, *, kind: Literal["Normal", "Warning"], reason: str, message: str, now: datetime) -> Manifest:
    """Build an event about a CashBox; the API server names it."""
    metadata = body["metadata"]
    stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    regarding = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "uid": metadata["uid"],
    }
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{metadata['name']}-", "namespace": metadata["namespace"]},
        "involvedObject": regarding,
        "type": kind,
        "reason": reason,
        "message": message[:1000],
        "count": 1,
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "reportingInstance": COMPONENT,
    }


async def record(api: KubernetesApi, body: Manifest, *, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
    """Record an event; one that is refused (a quota, a namespace on its way out) is told in the log, and stops nothing."""
    try:
        await api.create(event(body, kind=kind, reason=reason, message=message, now=datetime.now(UTC)))
    except ApiError as error:
        _log.warning("event_refused", cashbox=body["metadata"]["name"], reason=reason, message=message, error=str(error))
