"""What every child can be given: resources, and where its pods may run."""

from typing import Annotated, Literal

import msgspec

from caixa_operator.spec.rule import Rule, checked, described

_QUANTITY = Rule(
    "type(self) == int ? self >= 0 : (isQuantity(self) && !quantity(self).isLessThan(quantity('0')))",
    "write a Kubernetes quantity, such as 250m for CPU or 256Mi for memory",
)

Quantity = Annotated[int | str, checked(_QUANTITY, description="A Kubernetes quantity.", extra={"maxLength": 32})]
OpenObject = Annotated[
    dict[str, object], msgspec.Meta(description="As in a pod's spec.", extra_json_schema={"x-kubernetes-preserve-unknown-fields": True})
]


class Amounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """CPU and memory."""

    cpu: Quantity | None = None
    memory: Quantity | None = None


class Resources(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """What a container asks for and may use at most."""

    requests: Amounts = Amounts()
    limits: Amounts = Amounts()


class Toleration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """A taint that the pods accept."""

    key: str | None = None
    operator: Literal["Exists", "Equal"] | None = None
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration_seconds: int | None = None


class Placement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Where the pods of a child may run."""

    node_selector: Annotated[dict[str, str], described("Labels that a node must have.")] = {}
    tolerations: Annotated[tuple[Toleration, ...], described("Taints that the pods accept.")] = ()
    affinity: Annotated[OpenObject | None, described("Affinity, as in a pod's spec; it replaces the default spreading over nodes.")] = None


def resources(cpu: str, memory: str, *, limit: str) -> Resources:
    """Ask for `cpu` and `memory`, bounded to `limit` of memory; CPU is not limited, so that spare cycles are used."""
    return Resources(requests=Amounts(cpu=cpu, memory=memory), limits=Amounts(memory=limit))
