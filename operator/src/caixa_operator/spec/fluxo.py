"""spec.fluxo: the service that records entries, and the relay that hands its outbox to the broker."""

import msgspec

from caixa_operator.spec.gateway import Replicas
from caixa_operator.spec.placement import Placement, Resources, resources


class Relay(Placement, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The outbox's relay; several share the outbox without stepping on each other."""

    replicas: Replicas = 2
    resources: Resources = resources("50m", "128Mi", limit="384Mi")


class Fluxo(Placement, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Records entries."""

    replicas: Replicas = 2
    resources: Resources = resources("200m", "192Mi", limit="512Mi")
    relay: Relay = msgspec.field(default_factory=Relay)
