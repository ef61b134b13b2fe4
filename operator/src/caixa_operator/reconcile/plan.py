"""What to apply now, what to hold back, what to prune: pure, from what is wanted and what is there."""

from collections.abc import Mapping

import msgspec

from caixa_operator.manifest import Manifest, Ref, labels, ref
from caixa_operator.reconcile.compare import stamped, unchanged
from caixa_operator.reconcile.progress import JobState, job_state, store_ready
from caixa_operator.resources import mysql
from caixa_operator.resources.identity import SERVICE_LABEL, component
from caixa_operator.spec.cashbox import KIND

PRUNED = (
    "Deployment",
    "StatefulSet",
    "Job",
    "CronJob",
    "Service",
    "ConfigMap",
    "ServiceAccount",
    "PodDisruptionBudget",
    "NetworkPolicy",
    "Ingress",
    "HTTPRoute",
)
"""Kinds whose objects go when they are no longer wanted. Secrets and volume claims are known by name and never pruned."""

GATED = ("Deployment", "CronJob")
"""Kinds that run a service's code: they wait for its migration."""

MADE_ONCE = ("PersistentVolumeClaim",)
"""Kinds that are never applied again: a volume grows, which is all that may change of it, by itself (volumes.py)."""

Live = Mapping[Ref, Manifest]


class Plan(msgspec.Struct, frozen=True):
    """The writes of one reconcile; when nothing changed there are none."""

    apply: tuple[Manifest, ...]
    prune: tuple[Ref, ...]
    migrations: dict[str, JobState]
    """By service."""
    held: frozenset[str]
    """Components whose change waits for their migration."""

    @property
    def writes(self) -> int:
        """How many writes this plan makes."""
        return len(self.apply) + len(self.prune)


def decide(wanted: list[Manifest], live: Live) -> Plan:
    """Plan the writes.

    A migration Job starts when the database answers and no other migration of its service runs. A Deployment or CronJob is applied
    only when the Job of its service is complete, so that new code never meets an old schema; a service without a Job has no schema.
    A Job of no one service runs once, after all migrations.
    """
    jobs = {labels(job)[SERVICE_LABEL]: job for job in wanted if job["kind"] == "Job" and SERVICE_LABEL in labels(job)}
    migrations = {service: job_state(live.get(ref(job))) for service, job in jobs.items()}
    ready = all(
        store_ready(live.get(ref(store))) for store in wanted if store["kind"] == "StatefulSet" and component(store) == mysql.COMPONENT
    )
    chosen: list[Manifest] = []
    held: set[str] = set()
    for manifest in map(stamped, wanted):
        if manifest["kind"] == "Job":
            if ref(manifest) not in live and ready and _may_start(manifest, migrations, live):
                chosen.append(manifest)
        elif _is_there(manifest, live.get(ref(manifest))):
            continue
        elif manifest["kind"] in GATED and migrations.get(labels(manifest)[SERVICE_LABEL], "complete") != "complete":
            held.add(component(manifest))
        else:
            chosen.append(manifest)
    return Plan(apply=tuple(chosen), prune=_unwanted(wanted, live), migrations=migrations, held=frozenset(held))


def _is_there(wanted: Manifest, live: Manifest | None) -> bool:
    return live is not None and (wanted["kind"] in MADE_ONCE or unchanged(wanted, live))


def _unwanted(wanted: list[Manifest], live: Live) -> tuple[Ref, ...]:
    known = {ref(manifest) for manifest in wanted}
    return tuple(name for name, found in live.items() if name.kind in PRUNED and name not in known and _may_go(found))


def _may_go(found: Manifest) -> bool:
    """Leave a migration that runs, whatever it is for, and what a child has made: that goes with its maker."""
    if any(owner.get("controller") and owner["kind"] != KIND for owner in found["metadata"].get("ownerReferences") or []):
        return False
    return found["kind"] != "Job" or job_state(found) != "running"


def _may_start(job: Manifest, migrations: Mapping[str, JobState], live: Live) -> bool:
    service = labels(job).get(SERVICE_LABEL)
    if service is None:
        return all(state == "complete" for state in migrations.values())
    return not _migrating(service, live)


def _migrating(service: str, live: Live) -> bool:
    return any(
        name.kind == "Job" and labels(job).get(SERVICE_LABEL) == service and job_state(job) == "running" for name, job in live.items()
    )
