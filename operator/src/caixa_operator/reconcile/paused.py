"""A CashBox that is not reconciled: paused by its spec, or kept from it by some trouble."""

from collections.abc import Sequence

from caixa_operator.api import KubernetesApi
from caixa_operator.reconcile.assess import NOT_PAUSED, Assessment
from caixa_operator.reconcile.claims import Claim, claim
from caixa_operator.resources import reconciliation
from caixa_operator.spec.cashbox import CashBox
from caixa_operator.spec.status import Condition

_PAUSED = claim(
    "ReconciliationPaused",
    holds=True,
    reason="Paused",
    message="spec.paused is true: nothing is changed, repaired, scaled or compared; set it to false to go on",
)


async def suspend(api: KubernetesApi, cashbox: CashBox) -> None:
    """Start no comparison while a CashBox is paused; one that runs ends. Raises ApiError when the API server refuses."""
    name = f"{cashbox.name}-{reconciliation.COMPONENT}"
    found = await api.get("CronJob", cashbox.namespace, name)
    if found is not None and not found["spec"].get("suspend"):
        await api.merge("CronJob", cashbox.namespace, name, {"spec": {"suspend": True}})


def paused(previous: Sequence[Condition]) -> Assessment:
    """Keep what was claimed last: nobody looks while it is paused."""
    return Assessment(claims=(*_kept(previous), _PAUSED), summary="Paused", rolled_out=False)


def trouble(previous: Sequence[Condition], reason: str, message: str) -> Assessment:
    """Claim that the CashBox cannot be reconciled, and why; children stay as they are."""
    degraded = claim("Degraded", holds=True, reason=reason, message=message[:1000])
    return Assessment(claims=(*_kept(previous, "Degraded"), degraded, NOT_PAUSED), summary=message[:200], rolled_out=False)


def _kept(previous: Sequence[Condition], *but: str) -> list[Claim]:
    left_out = {"ReconciliationPaused", *but}
    return [Claim(one.type, one.status, one.reason, one.message) for one in previous if one.type not in left_out]
