"""What is there: the children that carry the owner label, and the Secrets, which are read by name and never listed."""

import asyncio

from caixa_operator.api import ApiError, KubernetesApi
from caixa_operator.manifest import Manifest, Ref, ref
from caixa_operator.reconcile.plan import PRUNED
from caixa_operator.resources.credentials import GENERATED, Credentials, completed, decoded, encoded, manifest, secret_name
from caixa_operator.resources.identity import owned
from caixa_operator.spec.cashbox import CashBox


async def live_children(api: KubernetesApi, cashbox: CashBox, secrets: list[Ref]) -> dict[Ref, Manifest]:
    """Return every child by kind and name, with those of `secrets` that exist."""
    selector = owned(cashbox.name)
    lists = [api.list(kind, cashbox.namespace, selector) for kind in PRUNED]
    gets = [api.get(kind, cashbox.namespace, name) for kind, name in secrets]
    listed, found = await asyncio.gather(asyncio.gather(*lists), asyncio.gather(*gets))
    return {ref(one): one for one in (*(item for items in listed for item in items), *(secret for secret in found if secret is not None))}


async def credentials(api: KubernetesApi, cashbox: CashBox) -> Credentials:
    """Return the generated values, generating those that are missing; Secrets of a former CashBox of this name are taken up again."""
    values = await asyncio.gather(*(_secret(api, cashbox, secret) for secret in GENERATED))
    return Credentials(dict(zip(GENERATED, values, strict=True)))


async def _secret(api: KubernetesApi, cashbox: CashBox, secret: str) -> dict[str, str]:
    name = secret_name(cashbox.name, secret)
    there = await api.get("Secret", cashbox.namespace, name)
    existing = decoded(there) if there is not None else {}
    values = completed(secret, existing)
    if there is None:
        try:
            await api.create(manifest(cashbox, secret, values))
        except ApiError as error:
            if error.status == 409:  # noqa: PLR2004 - HTTP's Conflict: somebody else was first, and theirs counts
                return await _secret(api, cashbox, secret)
            raise
    elif missing := {key: value for key, value in values.items() if key not in existing}:
        await api.merge("Secret", cashbox.namespace, name, {"data": encoded(missing)})
    return values
