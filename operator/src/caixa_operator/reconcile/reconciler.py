"""A full reconcile of one CashBox: observe, decide, apply."""

from datetime import UTC, datetime

import msgspec

from caixa_operator.api import KubernetesApi
from caixa_operator.images import resolved
from caixa_operator.manifest import Ref, ref
from caixa_operator.reconcile.assess import Assessment, assess
from caixa_operator.reconcile.broker import incomplete
from caixa_operator.reconcile.execute import execute, grow
from caixa_operator.reconcile.observe import Versions, credentials, live_children, pods
from caixa_operator.reconcile.plan import decide
from caixa_operator.reconcile.report import endpoints
from caixa_operator.reconcile.volumes import growths, with_live_templates
from caixa_operator.resources import rabbitmq_cluster
from caixa_operator.resources.credentials import Credentials
from caixa_operator.resources.family import children
from caixa_operator.resources.saldo import CONSUMER
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


async def reconcile(api: KubernetesApi, settings: Settings, cashbox: CashBox, *, served_before: bool) -> Reconciled:
    """Bring the children to what the spec says; when they are there already, nothing is written.

    Raises ApiError when the API server cannot be read; refused writes are told in the assessment.
    """
    images = resolved(cashbox.spec, settings)
    generated, versions = await credentials(api, cashbox)
    wanted = children(cashbox, images, generated, operator_namespace=settings.namespace)
    derived = [ref(one) for one in wanted if one["kind"] == "Secret"]
    live = await live_children(api, cashbox, derived)
    plan = decide(with_live_templates(wanted, live), live)
    refusals = await execute(api, cashbox.namespace, plan, live)
    larger = growths(cashbox, live)
    not_grown = await grow(api, cashbox.namespace, larger, live)
    if incomplete(cashbox, live):
        live |= await pods(api, cashbox, rabbitmq_cluster.COMPONENT)
    return Reconciled(
        assessment=assess(cashbox, plan, live, refusals, not_grown=not_grown, served_before=served_before, now=datetime.now(UTC)),
        credentials=generated,
        endpoints=endpoints(cashbox, live),
        version=images.version,
        writes=plan.writes + len(larger),
        secrets={**versions, **{one.name: live[one]["metadata"]["resourceVersion"] for one in derived if one in live}},
        conflict=await _other_autoscaler(api, cashbox),
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
