"""What is there: the children that carry the owner label, and the Secrets, which are read by name and never listed."""

import asyncio
from collections.abc import Iterable, Mapping

from caixa_operator.api import ApiError, KubernetesApi
from caixa_operator.manifest import Manifest, Ref, ref
from caixa_operator.reconcile.plan import PRUNED
from caixa_operator.resources import existing as given
from caixa_operator.resources import tls
from caixa_operator.resources.credentials import Credentials, completed, decoded, encoded, is_complete, manifest, needed, secret_name
from caixa_operator.resources.external import Incomplete
from caixa_operator.resources.identity import OWNER_LABEL, owned, selector
from caixa_operator.rotation import note
from caixa_operator.rotation.birth import birth
from caixa_operator.rotation.record import RECORD, Rotation
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


async def pods_of(api: KubernetesApi, cashbox: CashBox, part: str) -> dict[Ref, Manifest]:
    """Return a component's pods."""
    chosen = ",".join(f"{key}={value}" for key, value in selector(cashbox, part).items())
    return {ref(one): one for one in await api.list("Pod", cashbox.namespace, chosen)}


async def credentials(api: KubernetesApi, cashbox: CashBox) -> tuple[Credentials, Versions]:
    """Return the generated values, generating those that are missing, and the rotation that is under way.

    Secrets of a former CashBox of this name are taken up again.

    Those that somebody else makes are read, and never written. Raises Incomplete when one of them is not what it must be.
    """
    existing = await _existing(api, cashbox)
    made = [secret for secret in needed(cashbox) if secret not in existing]
    found = {secret: one for secret, (one, _) in existing.items()} | dict(
        zip(made, await asyncio.gather(*(_secret(api, cashbox, secret) for secret in made)), strict=True)
    )
    record = await api.get("Secret", cashbox.namespace, secret_name(cashbox.name, RECORD))
    own = {secret: found[secret] for secret in made}
    read = Credentials(
        values={**{secret: decoded(own[secret]) for secret in made}, **{secret: values for secret, (_, values) in existing.items()}},
        notes={secret: noted for secret, one in own.items() if (noted := note.read(annotations(one))) is not None},
        born={secret: birth(one["metadata"]) for secret, one in own.items()},
        rotation=None if record is None else Rotation.read(decoded(record)),
    )
    return read, {
        one["metadata"]["name"]: str(one["metadata"]["resourceVersion"]) for one in (*found.values(), *([record] if record else []))
    }


def annotations(found: Manifest) -> dict[str, str]:
    """Return an object's annotations."""
    noted: dict[str, str] = found["metadata"].get("annotations") or {}
    return noted


async def _existing(api: KubernetesApi, cashbox: CashBox) -> dict[str, tuple[Manifest, Mapping[str, str]]]:
    """Return the Secrets that somebody else makes, and their values, by what they stand for. Raises Incomplete, with all that is wrong."""
    found: dict[str, tuple[Manifest, Mapping[str, str]]] = {}
    wrong: list[str] = []
    for secret, name in (given.secrets(cashbox) | tls.secrets(cashbox)).items():
        there = await api.get("Secret", cashbox.namespace, name)
        try:
            values = _verified(cashbox, secret, there)
        except Incomplete as error:
            wrong.append(str(error))
        else:
            found[secret] = (there or {}, values)
    if wrong:
        raise Incomplete("; ".join(wrong))
    return found


def _verified(cashbox: CashBox, secret: str, there: Manifest | None) -> Mapping[str, str]:
    if secret == tls.SECRET:
        return tls.verified(cashbox, None if there is None else decoded(tls.used(there)))
    return given.verified(cashbox, secret, None if there is None else decoded(there))


async def secret_versions(api: KubernetesApi, cashbox: CashBox, names: Iterable[str]) -> Versions:
    """Return the versions of Secrets, each asked for by its name; one that is gone has none."""
    chosen = list(names)
    found = await asyncio.gather(*(api.version("Secret", cashbox.namespace, name) for name in chosen))
    return dict(zip(chosen, found, strict=True))


async def _secret(api: KubernetesApi, cashbox: CashBox, secret: str) -> Manifest:
    """Return a generated Secret as it is once no value is missing."""
    name = secret_name(cashbox.name, secret)
    there = await api.get("Secret", cashbox.namespace, name)
    existing = decoded(there) if there is not None else {}
    # A signing key takes a tenth of a second or more: in a thread, other CashBoxes and the Lease go on meanwhile.
    values = existing if is_complete(secret, existing) else await asyncio.to_thread(completed, secret, existing)
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
