"""What a backup's end is told as."""

from typing import Any

from caixa_operator.manifest import Manifest, Ref
from caixa_operator.reconcile.assess import assess
from caixa_operator.reconcile.claims import Claim
from caixa_operator.reconcile.copies import copies
from caixa_operator.reconcile.plan import Live, decide
from caixa_operator.resources.identity import labels
from tests.unit.operator.boxes import NOW, applied, cashbox, ended, family

BOX = cashbox(mysql={"backup": {"schedule": "@daily"}})


def job(name: str, status: dict[str, Any], part: str = "backup") -> dict[Ref, Manifest]:
    """Return a Job of the CronJob."""
    return {Ref("Job", name): {"kind": "Job", "metadata": {"name": name, "labels": labels(BOX, part)}, "status": status}}


def said(live: Live) -> Claim:
    """Return what is claimed."""
    made = copies(BOX, live, NOW)
    assert made is not None
    return made


def test_who_wants_no_copies_is_told_nothing() -> None:
    """No condition is claimed of what is not there."""
    assert copies(cashbox(), {}, NOW) is None


def test_before_the_first_end_nobody_knows() -> None:
    """Neither one that runs nor another Job is a copy; the message says how to have one now."""
    for live in ({}, job("b-1", {"active": 1}), job("m", ended("Complete"), "fluxo-migration")):
        assert (said(live).status, said(live).reason) == ("Unknown", "NotYetRun")
        assert "kubectl create job --from=cronjob/loja-backup" in said(live).message


def test_the_last_one_that_ended_counts_and_its_age_is_told_in_days() -> None:
    """A good copy says where it is and how old; the age moves once a day, so that an unchanged CashBox is not written."""
    good = job("b-2", ended("Complete", at="2026-01-01T11:00:00Z"))
    assert said(good).status == "True"
    assert "(2 days old), in claim loja-backup" in said(good).message
    bad = job("b-3", ended("Failed", at="2026-01-03T11:00:00Z", reason="BackoffLimitExceeded"))
    for live in (good | bad, bad | good):
        assert (said(live).status, said(live).reason) == ("False", "BackupFailed")
        assert "kubectl logs job/b-3" in said(live).message
        assert "the newest good copy is of 2026-01-01T11:00:00Z (2 days old)" in said(live).message


def test_the_cronjob_remembers_the_last_good_copy() -> None:
    """Its Jobs may be gone."""
    bad = job("b-3", ended("Failed", at="2026-01-03T11:00:00Z"))
    assert said(bad).message.endswith("no good copy is known of")
    cron: dict[Ref, Manifest] = {Ref("CronJob", "loja-backup"): {"status": {"lastSuccessfulTime": "2026-01-02T03:15:00Z"}}}
    assert "2026-01-02T03:15:00Z (1 day old)" in said(bad | cron).message


def test_a_failed_backup_degrades_a_platform_that_serves() -> None:
    """Nobody finds out when a copy is needed: the summary says it."""
    wanted = family(BOX)
    live = applied(wanted) | job("b-3", ended("Failed", at="2026-01-03T11:00:00Z"))
    made = assess(BOX, decide(wanted, live), live, [], served_before=True, now=NOW)
    assert {one.type: one.status for one in made.claims if one.type in ("Ready", "Degraded", "BackupSucceeded")} == {
        "Ready": "True",
        "Degraded": "True",
        "BackupSucceeded": "False",
    }
    assert "kubectl logs job/b-3" in made.summary
