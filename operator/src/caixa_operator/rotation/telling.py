"""What the condition CredentialsRotating says of each step: how far it is, and what to do if it stays there. Pure."""

from collections.abc import Sequence
from datetime import datetime

from caixa_operator.reconcile.claims import Claim, claim
from caixa_operator.rotation.birth import stamp
from caixa_operator.rotation.decide import Step
from caixa_operator.rotation.record import RECORD, Rotation
from caixa_operator.spec.cashbox import ROTATE_ANNOTATION, CashBox

TYPE = "CredentialsRotating"
MOST = 5
"""How many of those who are waited for are named."""


def resting(cashbox: CashBox, born: datetime, *, due: bool, readable: bool) -> Claim:
    """Tell of passwords that are not being replaced, and when they will be."""
    if due:
        message = "new passwords are due, and are made once everything runs as the spec says"
        return claim(TYPE, holds=True, reason="Due", message=message)
    every = cashbox.spec.credentials.every
    then = "`kubectl caixa rotate` replaces them" if every is None else f"they are replaced at {stamp(born + every)}"
    if not readable:
        then += f"; the annotation {ROTATE_ANNOTATION} is no instant: write one such as {stamp(born)}"
    return claim(TYPE, holds=False, reason="Resting", message=f"the oldest password is of {stamp(born)}: {then}")


def prepared() -> Claim:
    """Tell that a rotation has begun."""
    return claim(TYPE, holds=True, reason="Prepare", message="new passwords are made; the stores are taught them next")


def under_way(cashbox: CashBox, rotation: Rotation, step: Step, waiting: Sequence[str]) -> Claim:
    """Tell of a rotation's step."""
    told = {
        "Teach": "the stores are taught the new passwords beside the old ones; if this lasts, see "
        f"`kubectl get jobs,pods -l caixa.dev/cashbox={cashbox.name},app.kubernetes.io/component=rotation`",
        "Promote": "the stores accept both passwords; the new ones are written into the Secrets",
        "Wait": f"old passwords go once nobody has them in hand; so far it is waited until {_listed(waiting)}",
        "Retire": "nobody has old passwords in hand any more",
        "Discard": "the stores forget the old passwords",
        "Finish": "the stores have forgotten the old passwords",
    }
    return claim(TYPE, holds=True, reason=step, message=f"since {rotation.started}: {told[step]}"[:1000])


def failed(cashbox: CashBox, job: str) -> str:
    """Tell of a Job that failed; nothing is lost by that."""
    return (
        f"the rotation's Job {job} failed, and all passwords in use stay valid: `kubectl logs job/{job}` says why, "
        f"`kubectl delete job {job}` tries again, `kubectl delete secret {cashbox.name}-{RECORD}` gives the rotation up"
    )


def _listed(waiting: Sequence[str]) -> str:
    more = f" and {len(waiting) - MOST} more" if len(waiting) > MOST else ""
    return ", ".join(waiting[:MOST]) + more
