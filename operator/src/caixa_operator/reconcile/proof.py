"""The condition Reconciled, from the last comparison that ended: pure."""

import re

from caixa_operator.manifest import Manifest
from caixa_operator.reconcile.claims import Claim, claim, unknown
from caixa_operator.reconcile.plan import Live
from caixa_operator.reconcile.progress import finished
from caixa_operator.resources.identity import component
from caixa_operator.resources.reconciliation import COMPONENT, DIFFERENT
from caixa_operator.spec.cashbox import CashBox

_EXIT_CODE = re.compile(r"exit code (\d+)")


def proof(cashbox: CashBox, live: Live) -> Claim:
    """Tell whether every balance was the sum of its entries when they were last compared."""
    ended = [(end, job) for name, job in live.items() if name.kind == "Job" and component(job) == COMPONENT and (end := finished(job))]
    if not ended:
        schedule = cashbox.spec.saldo.reconciliation.schedule
        return unknown(
            "Reconciled", reason="NotYetRun", message=f"balances and entries are compared at {schedule} (UTC); none has ended yet"
        )
    end, job = max(ended, key=lambda one: one[0]["lastTransitionTime"])
    return _told(job, end)


def _told(job: Manifest, end: Manifest) -> Claim:
    when, look = end["lastTransitionTime"], f"`kubectl logs job/{job['metadata']['name']}`"
    if end["type"] == "Complete":
        return claim("Reconciled", holds=True, reason="Proven", message=f"at {when} every balance was the sum of its entries")
    code = _EXIT_CODE.search(end.get("message", ""))
    if code is not None and int(code[1]) == DIFFERENT:
        message = f"at {when} balances were not the sum of their entries: {look} says which"
        return claim("Reconciled", holds=False, reason="Different", message=message)
    message = f"the comparison of {when} could not be finished ({end.get('reason', 'Failed')}): {look} says why; the next one tries again"
    return unknown("Reconciled", reason="Unfinished", message=message)
