"""What the operator says about a CashBox: its status, rounded so that it is written only when something worth telling changed."""

from typing import Annotated, Literal

import msgspec

from caixa_operator.spec.rule import described


class Condition(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One claim about the platform, as Kubernetes' metav1.Condition."""

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: Annotated[str, described("One word for programs.")]
    message: Annotated[str, described("What it means, and what to do about it.")]
    last_transition_time: Annotated[str, described("When `status` last changed, RFC 3339.")]
    observed_generation: int


class Scaling(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """Why there are as many consumers as there are. Figures are rounded to two digits."""

    ready: Annotated[int, described("Events that wait.")]
    unacked: Annotated[int, described("Events in consumers' hands.")]
    arrival_rate: Annotated[float, described("Events that arrive, per second.")]
    rate_per_replica: Annotated[float, described("Events that one consumer applies, per second: measured, or assumed until then.")]
    drain_estimate_seconds: Annotated[int | None, described("When the backlog will be gone; absent while it grows.")] = None
    desired: Annotated[int, described("How many consumers there should be.")]
    reason: Annotated[str, described("Why.")]


class SaldoStatus(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """The balance service."""

    consumers: Annotated[str | None, described("Consumers ready, of those wanted.")] = None
    backlog: Annotated[int | None, described("Events not yet in a balance, rounded to two digits.")] = None
    scaling: Scaling | None = None


class CredentialsStatus(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """The passwords of the stores that the operator runs."""

    rotated_at: Annotated[str | None, described("When the oldest of them was generated, RFC 3339.")] = None
    phase: Annotated[str | None, described("The step that a rotation is at; absent while none is under way.")] = None


class Endpoints(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """Where the platform answers."""

    gateway: Annotated[str | None, described("The gateway within the cluster.")] = None
    node_port: Annotated[int | None, described("The gateway's port on every node.")] = None
    load_balancer: Annotated[str | None, described("The gateway's address outside the cluster.")] = None
    url: Annotated[str | None, described("Where an Ingress or an HTTPRoute lets clients reach the gateway.")] = None
    admin_secret: Annotated[
        str | None, described("The Secret that holds the administrator's client_id and client_secret; none with an external issuer.")
    ] = None


class Status(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """What the operator last saw."""

    observed_generation: Annotated[int | None, described("The generation of the spec that this status is about.")] = None
    version: Annotated[str | None, described("The version that serves; during a rollout still the one before.")] = None
    summary: Annotated[str | None, described("One line for people.")] = None
    conditions: tuple[Condition, ...] = ()
    saldo: SaldoStatus | None = None
    credentials: CredentialsStatus | None = None
    endpoints: Endpoints | None = None
