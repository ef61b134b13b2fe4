"""spec.gateway: the one door of the platform."""

from typing import Annotated

import msgspec

from caixa_operator.spec.expose import Expose
from caixa_operator.spec.identity import Identity
from caixa_operator.spec.placement import Placement, Resources, resources
from caixa_operator.spec.rule import Rule, checked

Replicas = Annotated[int, msgspec.Meta(ge=1, le=100, description="How many pods.")]

_RATE = Rule(
    "self.matches('^[1-9][0-9]{0,6}/(second|minute|hour|day)$')",
    "write a number per second, minute, hour or day, such as 200/second",
)


class Gateway(Placement, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The one door: tokens, limits, routing."""

    replicas: Replicas = 2
    expose: Expose = Expose()
    identity: Identity = Identity()
    rate_limit: Annotated[str, checked(_RATE, description="How much one merchant may ask for, such as 200/second.", max_length=16)] = (
        "200/second"
    )
    resources: Resources = resources("100m", "192Mi", limit="512Mi")
