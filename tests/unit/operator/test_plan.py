"""What is written when: the plan from what is wanted and what is there."""

from caixa_operator.manifest import Manifest, Ref, ref
from caixa_operator.reconcile.plan import decide
from tests.unit.operator.boxes import applied, cashbox, ended, family, found

BOX = cashbox()
WANTED = family(BOX)


def kinds(manifests: tuple[Manifest, ...]) -> set[str]:
    """Return the kinds of what is applied."""
    return {one["kind"] for one in manifests}


def test_nothing_to_do_means_no_write() -> None:
    """A cluster that has everything as it was applied gets none."""
    plan = decide(WANTED, applied(WANTED))
    assert (plan.writes, plan.held) == (0, frozenset())


def test_a_new_cashbox_gets_its_stores_first() -> None:
    """No migration before the database answers, and no code before its migration."""
    plan = decide(WANTED, {})
    assert kinds(plan.apply).isdisjoint({"Job", "Deployment", "CronJob"})
    assert plan.held == {"fluxo", "fluxo-relay", "saldo", "saldo-consumer", "gateway", "reconciliation"}
    stores = {name: one for name, one in applied(WANTED).items() if name.kind not in ("Job", "Deployment", "CronJob")}
    assert kinds(decide(WANTED, stores).apply) == {"Job"}


def test_a_failed_migration_holds_back_its_own_service_only() -> None:
    """Old pods of that service stay as they are; the others go on."""
    newer = family(cashbox(version="2.0.0"))
    live = applied(WANTED)
    for job in newer:
        if job["kind"] == "Job":
            state = "Failed" if "saldo" in job["metadata"]["name"] else "Complete"
            live[Ref("Job", job["metadata"]["name"])] = {**job, "status": ended(state)}
    plan = decide(newer, live)
    assert plan.held == {"saldo", "saldo-consumer", "reconciliation"}
    assert {one["metadata"]["name"] for one in plan.apply} == {"loja-fluxo", "loja-fluxo-relay", "loja-gateway"}
    assert plan.migrations == {"fluxo": "complete", "saldo": "failed", "gateway": "complete"}


def test_what_a_copy_lacked_is_sent_once_and_after_all_migrations() -> None:
    """The Job of a restored CashBox waits for every schema, runs once, whatever version follows, and goes with restoreFrom."""
    restored = cashbox(mysql={"restoreFrom": {"claimName": "old-backup"}})
    reemission = Ref("Job", "loja-reemission")
    live = {name: one for name, one in applied(family(restored)).items() if name != reemission}
    migrating = {name: {**one, "status": {"active": 1}} if "saldo-migration" in name.name else one for name, one in live.items()}
    assert reemission not in map(ref, decide(family(restored), migrating).apply)
    assert reemission in map(ref, decide(family(restored), live).apply)
    newer = family(cashbox(version="2.0.0", mysql={"restoreFrom": {"claimName": "old-backup"}}))
    assert reemission not in map(ref, decide(newer, applied(newer) | applied(family(restored))).apply)
    assert reemission in decide(WANTED, applied(family(restored))).prune


def test_two_migrations_of_one_service_never_run_at_once() -> None:
    """A version that changes while a migration runs waits for its end, and the one that runs is not pruned."""
    live = applied(WANTED)
    for name, one in live.items():
        if name.kind == "Job":
            one["status"] = {"active": 1}
    plan = decide(family(cashbox(version="2.0.0")), live)
    assert "Job" not in kinds(plan.apply)
    assert plan.prune == ()


def test_what_is_no_longer_wanted_goes_and_what_a_child_has_made_stays() -> None:
    """A process that was taken away is pruned, and an old migration; a Job of the CronJob belongs to that."""
    old = found(WANTED, "Service", "loja-fluxo")
    extra = {**old, "metadata": {**old["metadata"], "name": "loja-old"}}
    owner = {"kind": "CronJob", "name": "loja-reconciliation", "controller": True}
    comparison = {
        "kind": "Job",
        "metadata": {"name": "loja-reconciliation-1", "labels": old["metadata"]["labels"], "ownerReferences": [owner]},
        "status": ended("Complete"),
    }
    live = applied([*WANTED, extra]) | {Ref("Job", "loja-reconciliation-1"): comparison}
    assert decide(WANTED, live).prune == (Ref("Service", "loja-old"),)
