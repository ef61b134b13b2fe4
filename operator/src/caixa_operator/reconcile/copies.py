"""The condition BackupSucceeded, from the last backup that ended: pure."""

from datetime import datetime

from caixa_operator.manifest import Manifest, Ref
from caixa_operator.reconcile.claims import Claim, claim, unknown
from caixa_operator.reconcile.plan import Live
from caixa_operator.reconcile.progress import finished
from caixa_operator.resources.backup import COMPONENT, claim_name
from caixa_operator.resources.identity import component
from caixa_operator.spec.cashbox import CashBox


def copies(cashbox: CashBox, live: Live, now: datetime) -> Claim | None:
    """Tell whether the last backup made a verified copy; None where none is wanted. Ages are whole days, so it seldom changes."""
    backup = cashbox.spec.mysql.backup
    if backup is None:
        return None
    ended = [(end, job) for name, job in live.items() if name.kind == "Job" and component(job) == COMPONENT and (end := finished(job))]
    again = f"`kubectl create job --from=cronjob/{cashbox.name}-{COMPONENT} {cashbox.name}-{COMPONENT}-now`"
    if not ended:
        message = f"copies are made at {backup.schedule} (UTC); none has ended yet: {again} makes one now"
        return unknown("BackupSucceeded", reason="NotYetRun", message=message)
    end, job = max(ended, key=lambda one: one[0]["lastTransitionTime"])
    when = end["lastTransitionTime"]
    if end["type"] == "Complete":
        message = f"a copy was made, read back and verified at {when} ({_age(when, now)} old), in claim {claim_name(cashbox)}"
        return claim("BackupSucceeded", holds=True, reason="Verified", message=message)
    look = f"`kubectl logs job/{job['metadata']['name']}` says why, {again} tries again"
    reason = end.get("reason", "Failed")
    message = f"the backup of {when} failed ({reason}): {look}; {_newest(cashbox, live, [one for one, _ in ended], now)}"
    return claim("BackupSucceeded", holds=False, reason="BackupFailed", message=message)


def _newest(cashbox: CashBox, live: Live, ends: list[Manifest], now: datetime) -> str:
    """Tell how old the newest good copy is: the CronJob remembers it longer than its Jobs live."""
    cron: Manifest = live.get(Ref("CronJob", f"{cashbox.name}-{COMPONENT}")) or {}
    known = [
        (cron.get("status") or {}).get("lastSuccessfulTime"),
        *(one["lastTransitionTime"] for one in ends if one["type"] == "Complete"),
    ]
    times = [one for one in known if one]
    return f"the newest good copy is of {max(times)} ({_age(max(times), now)} old)" if times else "no good copy is known of"


def _age(then: str, now: datetime) -> str:
    days = (now - datetime.fromisoformat(then)).days
    return "less than a day" if days < 1 else f"{days} day{'s' if days > 1 else ''}"
