"""spec.saldo: the service that answers balances, and the consumers that keep them, with their scaling."""

from typing import Annotated, ClassVar, Literal

import msgspec

from caixa_operator.spec.gateway import Replicas
from caixa_operator.spec.placement import Placement, Resources, resources
from caixa_operator.spec.rule import Rule, checked, described
from caixa_operator.spec.schedule import SCHEDULE


class ScaleDown(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """How carefully consumers are taken away."""

    stabilization_seconds: Annotated[
        int, msgspec.Meta(ge=0, le=3600, description="Go down only to the most that was needed within this many seconds.")
    ] = 120
    max_percent: Annotated[int, msgspec.Meta(ge=1, le=100, description="Take away at most this share of the consumers in one step.")] = 50


class Fallback(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What to do when the broker's figures cannot be read three times in a row."""

    replicas: Annotated[int, msgspec.Meta(ge=1, le=200, description="How many consumers to run then.")]


class Autoscaling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """How many consumers run, and why."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("self.maxReplicas >= self.minReplicas", "maxReplicas must be at least minReplicas: raise maxReplicas or lower minReplicas"),
        Rule(
            "!has(self.fallback) || (self.fallback.replicas >= self.minReplicas && self.fallback.replicas <= self.maxReplicas)",
            "fallback.replicas must lie between minReplicas and maxReplicas: change it, or widen the range",
        ),
    )

    mode: Annotated[
        Literal["Operator", "External", "Fixed"],
        described("Operator scales by drain time; External leaves it to an HPA or KEDA; Fixed runs spec.saldo.consumer.replicas."),
    ] = "Operator"
    min_replicas: Annotated[int, msgspec.Meta(ge=0, le=200, description="Never fewer; 0 lets an idle queue have no consumer.")] = 1
    max_replicas: Annotated[int, msgspec.Meta(ge=1, le=200, description="Never more.")] = 10
    drain_seconds: Annotated[int, msgspec.Meta(ge=1, le=3600, description="A backlog should be gone within this many seconds.")] = 30
    target_utilization: Annotated[int, msgspec.Meta(ge=10, le=100, description="How busy a consumer should be, in percent.")] = 80
    assumed_rate_per_replica: Annotated[
        int, msgspec.Meta(ge=1, le=100_000, description="Events per second that one consumer applies, until it has been measured.")
    ] = 500
    activation_backlog: Annotated[
        int, msgspec.Meta(ge=1, le=1_000_000, description="With no consumer running, start one at this many waiting events.")
    ] = 1
    idle_seconds: Annotated[
        int, msgspec.Meta(ge=10, le=86_400, description="With minReplicas 0, stop the last consumer after this long without any event.")
    ] = 300
    scale_down: ScaleDown = ScaleDown()
    fallback: Fallback | None = None


class Consumer(Placement, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The consumers that apply events to balances."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.autoscaling.mode != 'Fixed' || has(self.replicas)",
            "mode Fixed needs a number: write spec.saldo.consumer.replicas, or choose mode Operator",
        ),
        Rule(
            "self.autoscaling.mode == 'Fixed' || !has(self.replicas)",
            "replicas is only for mode Fixed: remove it and set autoscaling.minReplicas and maxReplicas, or choose mode Fixed",
        ),
    )

    replicas: Annotated[int, msgspec.Meta(ge=0, le=200, description="How many consumers, in mode Fixed.")] | None = None
    autoscaling: Autoscaling = msgspec.field(default_factory=Autoscaling)
    resources: Resources = resources("100m", "128Mi", limit="384Mi")


class Reconciliation(Placement, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The standing proof that every balance is the sum of its entries; its result is the condition Reconciled."""

    schedule: Annotated[str, checked(SCHEDULE, description="When to compare: a cron schedule, in UTC.", max_length=100)] = "17 * * * *"
    patience_seconds: Annotated[
        int, msgspec.Meta(ge=0, le=3600, description="How long an entry may be on its way before it counts as missing.")
    ] = 60
    resources: Resources = resources("50m", "128Mi", limit="512Mi")


class Saldo(Placement, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Answers balances."""

    replicas: Replicas = 2
    resources: Resources = resources("100m", "192Mi", limit="512Mi")
    consumer: Consumer = msgspec.field(default_factory=Consumer)
    reconciliation: Reconciliation = msgspec.field(default_factory=Reconciliation)
