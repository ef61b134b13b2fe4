"""The condition Reconciled, from the last comparison that ended: pure."""

import re

from caixa_operator.manifest import Manifest, Ref
from caixa_operator.reconcile.claims import Claim, claim, unknown
from caixa_operator.reconcile.plan import Live
from caixa_operator.reconcile.progress import finished
from caixa_operator.resources import reemission
from caixa_operator.resources.identity import component
from caixa_operator.resources.reconciliation import COMPONENT, DIFFERENT
from caixa_operator.spec.cashbox import CashBox

_EXIT_CODE = re.compile(r"exit code (\d+)")


def proof(cashbox: CashBox, live: Live) -> Claim:
    """Tell whether every balance was the sum of its entries when they were last compared.

    After a restore only comparisons count that began once the events that the copy lacked were handed over again.
    """
    since = ""
    if cashbox.spec.mysql.restore_from is not None:
        sent = _sent(cashbox, live)
        if isinstance(sent, Claim):
            return sent
        since = sent
    ended = [
        (end, job)
        for name, job in live.items()
        if name.kind == "Job"
        and component(job) == COMPONENT
        and (end := finished(job))
        and job["metadata"].get("creationTimestamp", since) >= since
    ]
    if not ended:
        schedule = cashbox.spec.saldo.reconciliation.schedule
        return unknown(
            "Reconciled", reason="NotYetRun", message=f"balances and entries are compared at {schedule} (UTC); none has ended yet"
        )
    end, job = max(ended, key=lambda one: one[0]["lastTransitionTime"])
    return _told(job, end)


def _sent(cashbox: CashBox, live: Live) -> Claim | str:
    """Return when the events that the copy lacked were handed over again, or what to say until then."""
    job = live.get(Ref("Job", f"{cashbox.name}-{reemission.COMPONENT}"))
    end = None if job is None else finished(job)
    if end is None:
        message = "events that were on their way when the copy was made are handed over again; balances may lack them until then"
        return unknown("Reconciled", reason="Reemitting", message=message)
    name = f"{cashbox.name}-{reemission.COMPONENT}"
    if end["type"] == "Complete":
        return str(end["lastTransitionTime"])
    look = f"`kubectl logs job/{name} --all-containers` says why, `kubectl delete job {name}` tries again"
    message = f"events that were on their way when the copy was made could not be handed over again, so balances may lack them: {look}"
    return claim("Reconciled", holds=False, reason="ReemissionFailed", message=message)


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
