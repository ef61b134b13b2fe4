"""What is there: the children that carry the owner label, and the Secrets, which are read by name and never listed."""

import asyncio
from collections.abc import Iterable, Mapping

from caixa_operator.api import ApiError, KubernetesApi
from caixa_operator.manifest import Manifest, Ref, ref
from caixa_operator.reconcile.plan import PRUNED
from caixa_operator.resources import external, tls
from caixa_operator.resources.credentials import Credentials, completed, decoded, encoded, manifest, needed, secret_name
from caixa_operator.resources.identity import OWNER_LABEL, owned, selector
from caixa_operator.spec.cashbox import CashBox

Versions = Mapping[str, str]
"""The resourceVersion of Secrets by name."""


async def live_children(api: KubernetesApi, cashbox: CashBox, named: list[Ref]) -> dict[Ref, Manifest]:
    """Return every child and every volume claim by kind and name; those of `named` (Secrets, which are never listed) where they exist.

    The StatefulSets' controller labels the claims that it makes with no more than the CashBox and the component.
    """
    chosen = owned(cashbox.name)
    lists = [api.list(kind, cashbox.namespace, chosen) for kind in PRUNED]
    lists.append(api.list("PersistentVolumeClaim", cashbox.namespace, f"{OWNER_LABEL}={cashbox.name}"))
    gets = [api.get(kind, cashbox.namespace, name) for kind, name in named]
    listed, found = await asyncio.gather(asyncio.gather(*lists), asyncio.gather(*gets))
    return {ref(one): one for one in (*(item for items in listed for item in items), *(one for one in found if one is not None))}


async def pods(api: KubernetesApi, cashbox: CashBox, part: str) -> dict[Ref, Manifest]:
    """Return a component's pods."""
    chosen = ",".join(f"{key}={value}" for key, value in selector(cashbox, part).items())
    return {ref(one): one for one in await api.list("Pod", cashbox.namespace, chosen)}


async def credentials(api: KubernetesApi, cashbox: CashBox) -> tuple[Credentials, Versions]:
    """Return the generated values, generating those that are missing; Secrets of a former CashBox of this name are taken up again.

    Those of external stores are read, and never written. Raises Incomplete when one of them is not what it must be.
    """
    existing = await _existing(api, cashbox)
    made = [secret for secret in needed(cashbox) if secret not in existing]
    found = existing | dict(zip(made, await asyncio.gather(*(_secret(api, cashbox, secret) for secret in made)), strict=True))
    values = {secret: decoded(one) for secret, one in found.items()}
    return Credentials(values), {one["metadata"]["name"]: _version(one) for one in found.values()}


async def _existing(api: KubernetesApi, cashbox: CashBox) -> dict[str, Manifest]:
    """Return the Secrets that people make by what they stand for. Raises Incomplete, which tells of all that is wrong with any."""
    found: dict[str, Manifest] = {}
    wrong: list[str] = []
    for secret, name in (external.secrets(cashbox) | tls.secrets(cashbox)).items():
        there = await api.get("Secret", cashbox.namespace, name)
        if there is not None and secret == tls.SECRET:
            there = tls.used(there)
        values = None if there is None else decoded(there)
        try:
            if secret == tls.SECRET:
                tls.verified(cashbox, values)
            else:
                external.verified(cashbox, secret, values)
        except external.Incomplete as error:
            wrong.append(str(error))
        found[secret] = there or {}
    if wrong:
        raise external.Incomplete("; ".join(wrong))
    return found


async def secret_versions(api: KubernetesApi, cashbox: CashBox, names: Iterable[str]) -> Versions:
    """Return the versions of Secrets, each read by its name; one that is gone has none."""
    chosen = list(names)
    found = await asyncio.gather(*(api.get("Secret", cashbox.namespace, name) for name in chosen))
    return {name: _version(one) for name, one in zip(chosen, found, strict=True)}


def _version(found: Manifest | None) -> str:
    return "" if found is None else str(found["metadata"]["resourceVersion"])


async def _secret(api: KubernetesApi, cashbox: CashBox, secret: str) -> Manifest:
    """Return a generated Secret as it is once no value is missing."""
    name = secret_name(cashbox.name, secret)
    there = await api.get("Secret", cashbox.namespace, name)
    existing = decoded(there) if there is not None else {}
    values = completed(secret, existing)
    if there is None:
        try:
            return await api.create(manifest(cashbox, secret, values))
        except ApiError as error:
            if error.status == 409:  # noqa: PLR2004 - HTTP's Conflict: somebody else was first, and theirs counts
                return await _secret(api, cashbox, secret)
            raise
    if missing := {key: value for key, value in values.items() if key not in existing}:
        return await api.merge("Secret", cashbox.namespace, name, {"data": encoded(missing)})
    return there
