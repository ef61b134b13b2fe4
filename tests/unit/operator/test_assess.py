"""From what is there to what is claimed."""

from caixa_operator.manifest import Manifest, Ref
from caixa_operator.reconcile.assess import Assessment, assess
from caixa_operator.reconcile.claims import Claim
from caixa_operator.reconcile.plan import decide
from caixa_operator.resources.identity import labels
from tests.unit.operator.boxes import NOW, applied, cashbox, ended, family

BOX = cashbox()
WANTED = family(BOX)


def assessed(live: dict[Ref, Manifest], *refusals: str, served_before: bool = True, wanted: list[Manifest] = WANTED) -> Assessment:
    """Assess what is there."""
    return assess(BOX, decide(wanted, live), live, list(refusals), served_before=served_before, now=NOW)


def of(made: Assessment, kind: str) -> Claim:
    """Return a claim by its type."""
    return next(one for one in made.claims if one.type == kind)


def test_a_platform_that_runs_is_ready_and_says_so_in_a_word() -> None:
    """Everything answers: ready, nothing under way, nothing wrong."""
    made = assessed(applied(WANTED))
    assert made.summary == "Serving"
    assert made.rolled_out
    assert [of(made, kind).status for kind in ("Ready", "Progressing", "Degraded")] == ["True", "False", "False"]


def test_a_first_installation_is_no_trouble_and_an_outage_is() -> None:
    """The same missing database degrades only what has served before."""
    live = applied(WANTED)
    live[Ref("StatefulSet", "loja-mysql")]["status"] = {}
    assert of(assessed(live, served_before=False), "Degraded").status == "False"
    broken = assessed(live)
    assert (of(broken, "Degraded").status, of(broken, "Ready").reason) == ("True", "DatabaseNotReady")
    assert "kubectl describe pod loja-mysql-0" in broken.summary


def test_a_failed_migration_degrades_while_the_old_version_serves() -> None:
    """Ready stays true, and the message says which migration, and how to try again."""
    live = applied(WANTED)
    newer = family(cashbox(version="2.0.0"))
    live |= {Ref("Job", one["metadata"]["name"]): {**one, "status": ended("Failed")} for one in newer if one["kind"] == "Job"}
    made = assessed(live, wanted=newer)
    assert (of(made, "Ready").status, of(made, "MigrationsApplied").reason) == ("True", "MigrationFailed")
    assert "kubectl delete job -l" in of(made, "Degraded").message
    assert not made.rolled_out


def test_balances_that_differ_degrade_a_platform_that_serves() -> None:
    """A broken proof is the worst that a ledger can say, and the first that people should read."""
    live = applied(WANTED)
    failure = ended("Failed", reason="PodFailurePolicy", message="failed with exit code 1 matching FailJob rule at index 0")
    live[Ref("Job", "loja-reconciliation-1")] = {
        "metadata": {
            "name": "loja-reconciliation-1",
            "labels": labels(BOX, "reconciliation"),
            "ownerReferences": [{"kind": "CronJob", "controller": True}],
        },
        "status": failure,
    }
    made = assessed(live)
    assert (of(made, "Reconciled").status, of(made, "Degraded").status, of(made, "Ready").status) == ("False", "True", "True")
    assert "not the sum of their entries" in made.summary


def test_a_refusal_is_told_in_the_api_server_s_words() -> None:
    """What could not be written is not done, whatever else serves."""
    made = assessed(applied(WANTED), "Service loja-gateway was refused: port taken")
    assert of(made, "Degraded").reason == "Refused"
    assert "port taken" in made.summary
    assert not made.rolled_out
