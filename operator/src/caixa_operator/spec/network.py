"""spec.networkPolicy: who may talk to whom."""

from typing import Annotated

import msgspec

from caixa_operator.spec.placement import OpenObject
from caixa_operator.spec.rule import described


class NetworkPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """NetworkPolicies that let only the platform's own arrows pass; a cluster whose network enforces none ignores them."""

    enabled: Annotated[bool, described("Whether there are any; without them, every pod of the cluster may talk to the platform's.")] = True
    gateway_from: Annotated[
        tuple[OpenObject, ...], described("Who may call the gateway: peers as in a NetworkPolicy's `from`. Anybody if empty.")
    ] = ()
    metrics_from: Annotated[
        tuple[OpenObject, ...],
        described("Who may read metrics, such as Prometheus: peers as in a NetworkPolicy's `from`. Nobody if empty."),
    ] = ()
    extra_egress: Annotated[
        tuple[OpenObject, ...],
        described("What else the services may reach, such as a collector of traces: rules as in a NetworkPolicy's `egress`."),
    ] = ()
