"""From what is there to what is claimed: pure."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from caixa_operator.manifest import Manifest, Ref
from caixa_operator.reconcile.broker import broker
from caixa_operator.reconcile.claims import LOOK, Claim, claim
from caixa_operator.reconcile.copies import copies
from caixa_operator.reconcile.plan import Live, Plan
from caixa_operator.reconcile.progress import available, replicas, rolled_out, serves, store_ready, stuck
from caixa_operator.reconcile.proof import proof
from caixa_operator.reconcile.route import route
from caixa_operator.reconcile.volumes import growing, infeasible
from caixa_operator.resources.family import processes
from caixa_operator.resources.saldo import CONSUMER
from caixa_operator.spec.cashbox import CashBox


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """What a full reconcile found."""

    claims: tuple[Claim, ...]
    summary: str
    rolled_out: bool
    """Whether everything runs as the spec says."""


def assess(
    cashbox: CashBox,
    plan: Plan,
    live: Live,
    refusals: list[str],
    *,
    not_grown: Sequence[str] = (),
    served_before: bool,
    now: datetime,
) -> Assessment:
    """Claim what is true of the platform; `served_before` tells a first installation from a failure."""
    components = [process.component for process in processes(cashbox)]
    deployments = {part: live.get(Ref("Deployment", f"{cashbox.name}-{part}")) for part in components}
    database = _database(cashbox, live)
    queue = broker(cashbox, live)
    migrations = _migrations(cashbox, plan)
    scaling = cashbox.spec.saldo.consumer.autoscaling
    sleepy = {CONSUMER} if scaling.mode != "Fixed" and scaling.min_replicas == 0 else set()
    missing = [part for part, found in deployments.items() if not serves(found, may_sleep=part in sleepy)]
    ready = _ready(database, queue, migrations, missing)
    scaled = {CONSUMER} if scaling.mode != "Fixed" else set()
    waiting = [part for part, found in deployments.items() if part in plan.held or not rolled_out(found, scaled=part in scaled)]
    progressing = _progressing(migrations, waiting, deployments, growing(cashbox, live))
    proven = proof(cashbox, live)
    small = [*not_grown, *infeasible(cashbox, live)]
    trouble = [*refusals, *_trouble(cashbox, migrations, deployments), *small]
    if proven.status == "False":
        trouble.append(proven.message)
    optional = [one for one in (copies(cashbox, live, now), route(cashbox, live)) if one is not None]
    trouble += [one.message for one in optional if one.status == "False"]
    if served_before and ready.status == "False" and not trouble:
        trouble = [ready.message]
    degraded = _degraded(trouble, refused=bool(refusals), small=small)
    done = not waiting and not refusals and ready.status == "True"
    summary = _summary(ready, progressing, degraded)
    claims = (ready, progressing, degraded, database, queue, migrations, proven, *optional, NOT_PAUSED)
    return Assessment(claims=claims, summary=summary, rolled_out=done)


def with_claim(assessment: Assessment, made: Claim, trouble: str | None) -> Assessment:
    """Add a claim that is made apart from the others, and what is wrong with it, if anything."""
    claims = [*assessment.claims, made]
    if trouble is None:
        return msgspec.structs.replace(assessment, claims=tuple(claims))
    before = next(one for one in claims if one.type == "Degraded")
    told = [before.message, trouble] if before.status == "True" else [trouble]
    degraded = _degraded(told, refused=before.reason == "Refused", small=[])
    claims[claims.index(before)] = degraded
    return msgspec.structs.replace(assessment, claims=tuple(claims), summary=degraded.message[:200])


NOT_PAUSED = claim("ReconciliationPaused", holds=False, reason="Reconciling", message="spec.paused is false: changes are carried out")


def _database(cashbox: CashBox, live: Live) -> Claim:
    if cashbox.spec.mysql.mode == "External":
        message = "MySQL is run by somebody else: migrations and the pods' readiness tell whether it answers"
        return claim("DatabaseReady", holds=True, reason="External", message=message)
    if store_ready(live.get(Ref("StatefulSet", f"{cashbox.name}-mysql"))):
        return claim("DatabaseReady", holds=True, reason="Answering", message="MySQL answers")
    message = f"MySQL does not answer yet: {LOOK} `kubectl describe pod {cashbox.name}-mysql-0`"
    if cashbox.spec.mysql.restore_from is not None:
        message += f"; how far a restore is, or why a copy was refused, `kubectl logs {cashbox.name}-mysql-0 -c initialise` says"
    return claim("DatabaseReady", holds=False, reason="NotAnswering", message=message)


def _migrations(cashbox: CashBox, plan: Plan) -> Claim:
    failed = sorted(service for service, state in plan.migrations.items() if state == "failed")
    if failed:
        label = f"caixa.dev/cashbox={cashbox.name},app.kubernetes.io/component={failed[0]}-migration"
        look = f"read `kubectl logs -l {label}`, then `kubectl delete job -l {label}` to try again"
        message = f"the migration of {', '.join(failed)} failed, so its old pods stay as they are: {look}"
        return claim("MigrationsApplied", holds=False, reason="MigrationFailed", message=message)
    pending = sorted(service for service, state in plan.migrations.items() if state != "complete")
    if pending:
        message = f"waiting for the migration of {', '.join(pending)}"
        return claim("MigrationsApplied", holds=False, reason="Migrating", message=message)
    return claim("MigrationsApplied", holds=True, reason="Applied", message="every schema is at its service's version")


def _ready(database: Claim, broker: Claim, migrations: Claim, missing: list[str]) -> Claim:
    if database.status != "True":
        return claim("Ready", holds=False, reason="DatabaseNotReady", message=database.message)
    if missing and migrations.status != "True":
        return claim("Ready", holds=False, reason=migrations.reason, message=migrations.message)
    if broker.status != "True":
        return claim("Ready", holds=False, reason="BrokerNotReady", message=broker.message)
    if missing:
        message = f"no pod of {', '.join(missing)} answers yet: if this lasts, see `kubectl get pods` and their logs"
        return claim("Ready", holds=False, reason="PodsNotReady", message=message)
    return claim("Ready", holds=True, reason="Serving", message="entries are recorded and balances are kept")


def _progressing(migrations: Claim, waiting: list[str], deployments: dict[str, Manifest | None], larger: list[str]) -> Claim:
    if migrations.reason == "Migrating":
        return claim("Progressing", holds=True, reason="Migrating", message=migrations.message)
    if waiting:
        parts = ", ".join(_counted(part, deployments[part]) for part in waiting)
        return claim("Progressing", holds=True, reason="RollingOut", message=f"rolling out {parts}")
    if larger:
        return claim("Progressing", holds=True, reason="VolumesGrowing", message="; ".join(larger))
    return claim("Progressing", holds=False, reason="AsSpecified", message="everything runs as the spec says")


def _counted(part: str, deployment: Manifest | None) -> str:
    return part if deployment is None else f"{part} ({available(deployment)} of {replicas(deployment)})"


def _trouble(cashbox: CashBox, migrations: Claim, deployments: dict[str, Manifest | None]) -> list[str]:
    failed = [migrations.message] if migrations.reason == "MigrationFailed" else []
    return failed + [
        f"the rollout of {part} makes no progress: see `kubectl describe deployment {cashbox.name}-{part}` and the logs of its newest pod"
        for part, found in deployments.items()
        if found is not None and stuck(found)
    ]


def _degraded(trouble: list[str], *, refused: bool, small: list[str]) -> Claim:
    if not trouble:
        return claim("Degraded", holds=False, reason="NoTrouble", message="nothing is wrong")
    reason = "Refused" if refused else "VolumeNotGrown" if trouble == small else "Trouble"
    return claim("Degraded", holds=True, reason=reason, message="; ".join(trouble)[:1000])


def _summary(ready: Claim, progressing: Claim, degraded: Claim) -> str:
    """Say the most pressing thing in one line."""
    if degraded.status == "True":
        return degraded.message[:200]
    if ready.status != "True":
        return ready.message[:200]
    return progressing.message[:200] if progressing.status == "True" else "Serving"
