"""Exporting traces, metrics and logs over OTLP/HTTP, as OpenTelemetry's own variables say; imported only where they name an endpoint."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Final
from uuid import uuid4

from opentelemetry.sdk.resources import Resource

from caixa_comum.otlp_logs import export_logs
from caixa_comum.otlp_metrics import export_metrics
from caixa_comum.otlp_traces import export_traces
from caixa_comum.settings import ConfigurationError

PROTOCOL: Final = "http/protobuf"


def start(process: str, environ: Mapping[str, str]) -> None:
    """Export each signal that has an endpoint and is not switched off, until the process ends; what is in hand then is sent first.

    Raises ConfigurationError for a protocol other than http/protobuf.
    """
    for variable in ("OTEL_EXPORTER_OTLP_PROTOCOL", *(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL" for signal in ("TRACES", "METRICS", "LOGS"))):
        if environ.get(variable, PROTOCOL) != PROTOCOL:
            raise ConfigurationError(variable, f"must be {PROTOCOL}")
    # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, where given, say otherwise.
    own = {"service.name": f"caixa-{process}", "service.namespace": "caixa", "service.instance.id": str(uuid4())}
    resource = Resource(own | {"service.version": version("caixa-comum")}).merge(Resource.create())
    if not environ.get("OTEL_SERVICE_NAME") and "service.name=" not in environ.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        resource = resource.merge(Resource({"service.name": own["service.name"]}))
    for signal, export in {"TRACES": export_traces, "METRICS": export_metrics, "LOGS": export_logs}.items():
        endpoint = environ.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT") or environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
        if endpoint and environ.get(f"OTEL_{signal}_EXPORTER", "otlp") == "otlp":
            export(resource)
