"""Volumes that grow: pure. A claim is asked for more when the spec says so, and never for less.

A StatefulSet's claim templates cannot change, and to make another StatefulSet in its place, leaving the pods, would need a moment
in which nobody looks after them. So its template stays as it was made, and each claim grows by itself: one that is made anew from
the old template, as after a lost volume, grows like any other.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from caixa_operator.manifest import Manifest, Ref, ref
from caixa_operator.quantities import amount
from caixa_operator.reconcile.plan import Live
from caixa_operator.resources import backup, mysql, rabbitmq, rabbitmq_cluster
from caixa_operator.spec.cashbox import CashBox

KIND = "PersistentVolumeClaim"


class Growth(NamedTuple):
    """A claim that should ask for more."""

    claim: str
    size: str


def wanted_sizes(cashbox: CashBox) -> dict[str, str]:
    """Return the size of every claim of the CashBox by its name."""
    return dict(_sizes(cashbox))


def growths(cashbox: CashBox, live: Live) -> tuple[Growth, ...]:
    """Return what should grow now; a claim that has no volume yet cannot, and will once it has."""
    found = [(name, size, live.get(Ref(KIND, name))) for name, size in _sizes(cashbox)]
    return tuple(Growth(name, size) for name, size, claim in found if claim and _is_bound(claim) and _asked(claim) < amount(size))


def growing(cashbox: CashBox, live: Live) -> list[str]:
    """Say of every claim that has asked for more, and does not have it yet, how far it is."""
    claims = [(name, claim) for name in wanted_sizes(cashbox) if (claim := live.get(Ref(KIND, name))) and _is_bound(claim)]
    return [_told(name, claim) for name, claim in claims if _has(claim) < _asked(claim) and not _infeasible(claim)]


def infeasible(cashbox: CashBox, live: Live) -> list[str]:
    """Say of every claim that the volume's own system cannot make as large as it was asked to."""
    claims = [(name, claim) for name in wanted_sizes(cashbox) if (claim := live.get(Ref(KIND, name)))]
    return [not_grown(name, _reason(claim)) for name, claim in claims if _infeasible(claim)]


def not_grown(claim: str, why: str) -> str:
    """Say that a claim did not grow, why, and what to do."""
    can = "make its StorageClass allow expansion (allowVolumeExpansion: true), if its driver can"
    return f"claim {claim} was not grown: {why}. What it holds is safe; {can}, or move to a new CashBox with a larger volume"


def with_live_templates(wanted: list[Manifest], live: Live) -> list[Manifest]:
    """Return the children with the claim templates of those StatefulSets that are there already, for the API server refuses others."""
    return [_as_made(one, live.get(ref(one))) if one["kind"] == "StatefulSet" else one for one in wanted]


def _as_made(wanted: Manifest, live: Manifest | None) -> Manifest:
    if live is None:
        return wanted
    sizes = {one["metadata"]["name"]: one["spec"]["resources"] for one in live["spec"].get("volumeClaimTemplates") or []}
    templates = [
        {**one, "spec": {**one["spec"], "resources": sizes.get(one["metadata"]["name"], one["spec"]["resources"])}}
        for one in wanted["spec"]["volumeClaimTemplates"]
    ]
    return {**wanted, "spec": {**wanted["spec"], "volumeClaimTemplates": templates}}


def _sizes(cashbox: CashBox) -> Iterator[tuple[str, str]]:
    spec = cashbox.spec
    if spec.mysql.mode == "Managed":
        yield f"data-{cashbox.name}-{mysql.COMPONENT}-0", spec.mysql.storage.size
    if spec.rabbitmq.mode == "Managed":
        for number in range(rabbitmq_cluster.replicas(cashbox)):
            yield f"data-{cashbox.name}-{rabbitmq.COMPONENT}-{number}", spec.rabbitmq.storage.size
    if spec.mysql.backup is not None:
        yield backup.claim_name(cashbox), spec.mysql.backup.storage.size


def _status(claim: Manifest) -> Manifest:
    found: Manifest = claim.get("status") or {}
    return found


def _is_bound(claim: Manifest) -> bool:
    return bool(_status(claim).get("phase") == "Bound")


def _asked(claim: Manifest) -> Decimal:
    return amount(claim["spec"]["resources"]["requests"]["storage"])


def _has(claim: Manifest) -> Decimal:
    """Return a volume's size, as far as is known: one that says nothing has what it asked for."""
    size = (_status(claim).get("capacity") or {}).get("storage")
    return _asked(claim) if size is None else amount(size)


def _infeasible(claim: Manifest) -> bool:
    return str((_status(claim).get("allocatedResourceStatuses") or {}).get("storage", "")).endswith("Infeasible")


def _reason(claim: Manifest) -> str:
    """Return what the last of the claim's conditions that says anything says."""
    said = [one["message"] for one in _status(claim).get("conditions") or [] if one.get("message")]
    return said[-1].rstrip(".") if said else "its storage cannot be made that large"


def _told(name: str, claim: Manifest) -> str:
    has, asked = _status(claim)["capacity"]["storage"], claim["spec"]["resources"]["requests"]["storage"]
    waits = any(one["type"] == "FileSystemResizePending" and one["status"] == "True" for one in _status(claim).get("conditions") or [])
    after = "; its file system follows on the node, where the driver cannot do so under way with the pod's next start" if waits else ""
    return f"claim {name} grows from {has} to {asked}{after}"
