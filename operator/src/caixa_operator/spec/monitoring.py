"""spec.monitoring: where the platform's processes export what they tell of themselves."""

from typing import Annotated

import msgspec

from caixa_operator.spec.rule import Rule, checked, described

_ENDPOINT = Rule(
    "self.matches('^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/.*)?$')", "write a URL, such as http://collector.observability:4318"
)


class Monitoring(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """Seeing into the platform; /metrics is there without any of it."""

    otlp_endpoint: Annotated[
        Annotated[str, checked(_ENDPOINT, description="An address.", max_length=256)] | None,
        described(
            "Where traces and logs are exported over OTLP/HTTP (Seq: http://seq:5341/ingest/otlp); nowhere if absent. "
            "With network policies, spec.networkPolicy.extraEgress must let the processes reach it."
        ),
    ] = None
    otlp_metrics: Annotated[bool, described("Export metrics there too; leave it off where Prometheus scrapes them.")] = False
