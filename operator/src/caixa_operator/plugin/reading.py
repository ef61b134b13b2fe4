"""What the plugin reads of a CashBox, with the rights of whoever asks."""

import asyncio

from caixa_operator.api import KubernetesApi
from caixa_operator.plugin.screen import Found
from caixa_operator.resources.identity import OWNER_LABEL
from caixa_operator.spec.cashbox import KIND

KINDS = (
    "Deployment",
    "StatefulSet",
    "Service",
    "Ingress",
    "HTTPRoute",
    "ConfigMap",
    "Job",
    "ServiceAccount",
    "PersistentVolumeClaim",
    "Secret",
)


class NotThere(LookupError):
    """No CashBox has this name in this namespace."""


def selector(name: str) -> str:
    """Choose what belongs to a CashBox."""
    return f"{OWNER_LABEL}={name}"


async def read(api: KubernetesApi, namespace: str, name: str) -> Found:
    """Read a CashBox with what its screen shows. Raises NotThere, ApiError, ApiUnreachable."""
    cashbox, deployments, stateful_sets, events = await asyncio.gather(
        api.get(KIND, namespace, name),
        api.list("Deployment", namespace, selector(name)),
        api.list("StatefulSet", namespace, selector(name)),
        api.list("Event", namespace),
    )
    if cashbox is None:
        raise NotThere(f"there is no CashBox {name} in namespace {namespace}: see `kubectl get cashbox --all-namespaces`")
    uid = cashbox["metadata"]["uid"]
    own = [one for one in events if one["involvedObject"].get("uid") == uid]
    return Found(cashbox=cashbox, deployments=deployments, stateful_sets=stateful_sets, events=own)


async def names(api: KubernetesApi, namespace: str) -> list[str]:
    """Name the CashBoxes of a namespace."""
    return sorted(one["metadata"]["name"] for one in await api.list(KIND, namespace))
