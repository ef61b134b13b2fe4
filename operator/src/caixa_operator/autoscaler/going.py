"""Who goes first when consumers are taken away: the one with the least in hand.

The ReplicaSet's controller prefers pods of the lowest `controller.kubernetes.io/pod-deletion-cost`. It is written only just before a
step down, and only where it differs, as Kubernetes asks for.
"""

from collections.abc import Mapping
from typing import Protocol

import structlog

from caixa_operator.api import ApiError, KubernetesApi
from caixa_operator.autoscaler.queue import QueueUnreadable
from caixa_operator.manifest import Manifest
from caixa_operator.resources.identity import selector
from caixa_operator.resources.saldo import CONSUMER
from caixa_operator.spec.cashbox import CashBox

COST_ANNOTATION = "controller.kubernetes.io/pod-deletion-cost"
_log = structlog.get_logger(__name__)


class Holders(Protocol):
    """What knows who holds how much."""

    async def held(self) -> dict[str, int]:
        """Return how many events the consumers at each IP address have in hand. Raises QueueUnreadable."""


def costs(pods: list[Manifest], held: Mapping[str, int]) -> dict[str, str]:
    """Return the deletion cost of each pod whose annotation does not say it yet, by name: the events that it has in hand."""
    found: dict[str, str] = {}
    for pod in pods:
        cost = str(held.get((pod.get("status") or {}).get("podIP", ""), 0))
        if (pod["metadata"].get("annotations") or {}).get(COST_ANNOTATION, "0") != cost:
            found[pod["metadata"]["name"]] = cost
    return found


async def mark(api: KubernetesApi, cashbox: CashBox, holders: Holders) -> None:
    """Write what each consumer's end would cost. Without it the wrong one goes and its events come again: no reason not to scale."""
    chosen = ",".join(f"{key}={value}" for key, value in selector(cashbox, CONSUMER).items())
    try:
        held = await holders.held()
        for name, cost in costs(await api.list("Pod", cashbox.namespace, chosen), held).items():
            await api.merge("Pod", cashbox.namespace, name, {"metadata": {"annotations": {COST_ANNOTATION: cost}}})
    except (QueueUnreadable, ApiError) as error:
        _log.warning("deletion_costs_unknown", cashbox=cashbox.name, namespace=cashbox.namespace, error=str(error))
