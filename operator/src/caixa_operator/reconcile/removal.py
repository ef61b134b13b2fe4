"""Deleting a CashBox: its children go with it by their owner references; volumes and generated Secrets as deletionPolicy says."""

from caixa_operator.api import KubernetesApi
from caixa_operator.manifest import Manifest, labels
from caixa_operator.resources.credentials import GENERATED, secret_name
from caixa_operator.resources.identity import MANAGED_BY, OWNER_LABEL, owned
from caixa_operator.rotation.record import RECORD


async def remove(api: KubernetesApi, body: Manifest) -> list[str]:
    """Carry out the deletionPolicy, and return what was deleted, such as `Secret caixa-admin`.

    With Retain nothing is touched: a CashBox of the same name takes volumes and Secrets up again. Others' Secrets are left.
    StatefulSets go before their volumes, or their controller would make new ones until the garbage collector comes.
    """
    metadata = body["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    spec = body.get("spec") or {}
    if spec.get("deletionPolicy", "Retain") != "Delete":
        return []
    stores = await api.list("StatefulSet", namespace, owned(name))
    claims = await api.list("PersistentVolumeClaim", namespace, f"{OWNER_LABEL}={name}")
    going = [("StatefulSet", store["metadata"]["name"]) for store in stores]
    going += [("PersistentVolumeClaim", claim["metadata"]["name"]) for claim in claims]
    existing = set(((spec.get("credentials") or {}).get("existing") or {}).values())
    for secret in (*GENERATED, RECORD):
        if secret_name(name, secret) in existing:
            continue
        found = await api.get("Secret", namespace, secret_name(name, secret))
        if found is not None and labels(found).get("app.kubernetes.io/managed-by") == MANAGED_BY:
            going.append(("Secret", found["metadata"]["name"]))
    for kind, child in going:
        await api.delete(kind, namespace, child)
    return [f"{kind} {child}" for kind, child in going]
