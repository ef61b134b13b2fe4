"""spec.gateway: the one door of the platform."""

from typing import Annotated, ClassVar, Literal

import msgspec

from caixa_operator.spec.placement import Placement, Resources, resources
from caixa_operator.spec.rule import Rule, checked, described

Replicas = Annotated[int, msgspec.Meta(ge=1, le=100, description="How many pods.")]

_RATE = Rule(
    "self.matches('^[1-9][0-9]{0,6}/(second|minute|hour|day)$')",
    "write a number per second, minute, hour or day, such as 200/second",
)
_NODE_PORT = Rule("self >= 30000 && self <= 32767", "write a port from 30000 to 32767, the range that Kubernetes keeps for node ports")
_LIFETIME = Rule("self >= 60 && self <= 86400", "write a number of seconds from 60 (a minute) to 86400 (a day)")


class Expose(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """How the gateway is reached."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.nodePort) || self.type != 'ClusterIP'",
            "nodePort needs type NodePort or LoadBalancer: change type or remove nodePort",
        ),
    )

    type: Annotated[Literal["ClusterIP", "NodePort", "LoadBalancer"], described("The type of the gateway's Service.")] = "ClusterIP"
    node_port: Annotated[int, checked(_NODE_PORT, description="A fixed port on every node; chosen by Kubernetes if absent.")] | None = None


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Who may call, and for how long a token is good."""

    token_lifetime_seconds: Annotated[int, checked(_LIFETIME, description="How long an access token is valid, in seconds.")] = 900


class Gateway(Placement, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The one door: tokens, limits, routing."""

    replicas: Replicas = 2
    expose: Expose = Expose()
    identity: Identity = Identity()
    rate_limit: Annotated[str, checked(_RATE, description="How much one merchant may ask for, such as 200/second.", max_length=16)] = (
        "200/second"
    )
    resources: Resources = resources("100m", "192Mi", limit="512Mi")
