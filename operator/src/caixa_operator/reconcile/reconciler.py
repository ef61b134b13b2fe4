"""A full reconcile of one CashBox: observe, decide, apply."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from caixa_operator.api import KubernetesApi
from caixa_operator.images import resolved
from caixa_operator.manifest import Ref, ref
from caixa_operator.reconcile.assess import Assessment, assess, with_claim
from caixa_operator.reconcile.broker import incomplete
from caixa_operator.reconcile.execute import execute, grow
from caixa_operator.reconcile.observe import Versions, credentials, live_children, pods_of
from caixa_operator.reconcile.plan import decide
from caixa_operator.reconcile.report import endpoints
from caixa_operator.reconcile.volumes import growths, with_live_templates
from caixa_operator.resources import mysql, rabbitmq_cluster
from caixa_operator.resources.credentials import Credentials
from caixa_operator.resources.family import children
from caixa_operator.resources.identity import owned
from caixa_operator.resources.saldo import CONSUMER
from caixa_operator.rotation.readers import start_of
from caixa_operator.rotation.rotate import Rotated, Rotator, Turn
from caixa_operator.rotation.users import Users
from caixa_operator.settings import Settings
from caixa_operator.spec.cashbox import CashBox
from caixa_operator.spec.status import Endpoints


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """What a full reconcile found and did."""

    assessment: Assessment
    credentials: Credentials
    endpoints: Endpoints
    version: str
    writes: int
    secrets: Versions
    """Every Secret that the platform reads, as it was left."""
    conflict: str | None
    """Another autoscaler that targets the consumers."""
    rotated: Rotated | None
    """How far a rotation of passwords is; None where there is nothing to rotate."""


UsersOf = Callable[[CashBox, Credentials], Users]
"""Opens the users of a CashBox's managed RabbitMQ."""


async def reconcile(
    api: KubernetesApi, settings: Settings, cashbox: CashBox, *, served_before: bool, users_of: UsersOf | None = None
) -> Reconciled:
    """Bring the children to what the spec says; when they are there already, nothing is written.

    Raises ApiError when the API server cannot be read; refused writes are told in the assessment.
    """
    images = resolved(cashbox.spec, settings)
    generated, versions = await credentials(api, cashbox)
    pods = await api.list("Pod", cashbox.namespace, owned(cashbox.name)) if generated.rotation is not None else []
    start = start_of(pods, mysql.COMPONENT)
    wanted = children(cashbox, images, generated, operator_namespace=settings.namespace, mysql_start=start)
    derived = [ref(one) for one in wanted if one["kind"] == "Secret"]
    live = await live_children(api, cashbox, derived)
    plan = decide(with_live_templates(wanted, live), live)
    refusals = await execute(api, cashbox.namespace, plan, live)
    larger = growths(cashbox, live)
    not_grown = await grow(api, cashbox.namespace, larger, live)
    if incomplete(cashbox, live):
        live |= await pods_of(api, cashbox, rabbitmq_cluster.COMPONENT)
    now = datetime.now(UTC)
    assessment = assess(cashbox, plan, live, refusals, not_grown=not_grown, served_before=served_before, now=now)
    calm = assessment.rolled_out and not plan.writes and not larger
    turn = Turn(wanted=wanted, plan=plan, live=live, pods=pods, mysql_start=start, calm=calm, versions=versions, now=now)
    users = users_of(cashbox, generated) if users_of is not None and cashbox.spec.rabbitmq.mode == "Managed" else None
    rotated = await Rotator(api, cashbox, generated, users).turn(turn)
    return Reconciled(
        assessment=assessment if rotated is None else with_claim(assessment, rotated.claim, rotated.trouble),
        credentials=generated,
        endpoints=endpoints(cashbox, live),
        version=images.version,
        writes=plan.writes + len(larger),
        secrets={**versions, **{one.name: live[one]["metadata"]["resourceVersion"] for one in derived if one in live}},
        conflict=await _other_autoscaler(api, cashbox),
        rotated=rotated,
    )


async def _other_autoscaler(api: KubernetesApi, cashbox: CashBox) -> str | None:
    """Name an HPA (KEDA makes one too) that targets the consumers: two autoscalers would fight."""
    if cashbox.spec.saldo.consumer.autoscaling.mode != "Operator":
        return None
    target = Ref("Deployment", f"{cashbox.name}-{CONSUMER}")
    for found in await api.list("HorizontalPodAutoscaler", cashbox.namespace):
        scaled = found["spec"]["scaleTargetRef"]
        if Ref(scaled["kind"], scaled["name"]) == target:
            return f"HorizontalPodAutoscaler {found['metadata']['name']}"
    return None
