"""What a comparison's end is told as."""

from typing import Any

from caixa_operator.manifest import Manifest, Ref
from caixa_operator.reconcile.proof import proof
from caixa_operator.resources.identity import labels
from tests.unit.operator.boxes import cashbox, ended

BOX = cashbox()
DIFFERENT = "Container reconciliation for pod caixa/x failed with exit code 1 matching FailJob rule at index 0"


def comparison(name: str, status: dict[str, Any]) -> dict[Ref, Manifest]:
    """Return a Job of the CronJob."""
    return {Ref("Job", name): {"metadata": {"name": name, "labels": labels(BOX, "reconciliation")}, "status": status}}


def test_before_the_first_end_nobody_knows() -> None:
    """Neither a new CashBox nor a comparison that runs is a proof or its contrary."""
    for live in ({}, comparison("r-1", {"active": 1})):
        made = proof(BOX, live)
        assert (made.status, made.reason) == ("Unknown", "NotYetRun")
        assert "17 * * * *" in made.message


def test_the_last_one_that_ended_counts() -> None:
    """A proof after a difference ends the alarm, whatever the order in which the API server lists them."""
    older = comparison("r-1", ended("Failed", at="2026-01-01T01:00:00Z", reason="PodFailurePolicy", message=DIFFERENT))
    newer = comparison("r-2", ended("Complete", at="2026-01-01T02:00:00Z"))
    assert proof(BOX, older | newer).status == proof(BOX, newer | older).status == "True"
    assert proof(BOX, older).status == "False"
    assert "kubectl logs job/r-1" in proof(BOX, older).message


def test_one_that_could_not_finish_proves_nothing() -> None:
    """A database that was away, a wrong setting or a deadline is no difference of balances."""
    for reason, message in (
        ("BackoffLimitExceeded", "Job has reached the specified backoff limit"),
        ("PodFailurePolicy", DIFFERENT.replace("code 1", "code 2")),
        ("PodFailurePolicy", DIFFERENT.replace("code 1", "code 137")),
    ):
        made = proof(BOX, comparison("r-1", ended("Failed", reason=reason, message=message)))
        assert (made.status, made.reason) == ("Unknown", "Unfinished")


def test_migrations_are_no_comparisons() -> None:
    """Only the CronJob's own Jobs count."""
    migration = {Ref("Job", "m"): {"metadata": {"name": "m", "labels": labels(BOX, "saldo-migration")}, "status": ended("Complete")}}
    assert proof(BOX, migration).status == "Unknown"


RESTORED = cashbox(mysql={"restoreFrom": {"claimName": "old-backup"}})


def reemission(status: dict[str, Any]) -> dict[Ref, Manifest]:
    """Return the Job that hands over again what a copy lacked."""
    return {Ref("Job", "loja-reemission"): {"metadata": {"name": "loja-reemission", "labels": labels(BOX, "reemission")}, "status": status}}


def test_after_a_restore_nothing_is_judged_before_what_the_copy_lacked_was_sent() -> None:
    """A comparison that began before that counts for nothing, whichever way it went; one that began after it does."""
    before, after = (
        {name: {**job, "metadata": {**job["metadata"], "creationTimestamp": f"2026-01-01T0{hour}:30:00Z"}} for name, job in made.items()}
        for hour, made in (
            (1, comparison("r-1", ended("Failed", at="2026-01-01T02:05:00Z", reason="PodFailurePolicy", message=DIFFERENT))),
            (2, comparison("r-2", ended("Complete", at="2026-01-01T02:35:00Z"))),
        )
    )
    for live in ({}, reemission({"active": 1})):
        made = proof(RESTORED, live | before)
        assert (made.status, made.reason) == ("Unknown", "Reemitting")
    sent = reemission(ended("Complete", at="2026-01-01T02:00:00Z"))
    assert proof(RESTORED, sent | before).reason == "NotYetRun"
    assert proof(RESTORED, sent | before | after).status == "True"
    assert proof(BOX, before).status == "False"


def test_what_could_not_be_sent_is_told_with_what_to_do() -> None:
    """A Job that failed means that balances may lack entries: no proof of an earlier minute hides it."""
    made = proof(RESTORED, reemission(ended("Failed")) | comparison("r-1", ended("Complete")))
    assert (made.status, made.reason) == ("False", "ReemissionFailed")
    assert "kubectl delete job loja-reemission" in made.message
