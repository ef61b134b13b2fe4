"""Spans by OpenTelemetry's SDK, sampled as OTEL_TRACES_SAMPLER says (a parent's own decision first) and sent in batches by a thread."""

from collections.abc import Mapping, Sequence
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from caixa_comum import tracing
from caixa_comum.telemetry import parse_traceparent
from caixa_comum.tracing import Attribute, Kind

KINDS: Final[Mapping[Kind, SpanKind]] = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
}


class Recorded:
    """One of OpenTelemetry's spans (tracing.Recording)."""

    def __init__(self, span: Span) -> None:
        self._span = span
        context = span.get_span_context()
        self.traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def rename(self, name: str) -> None:
        """Name it anew."""
        self._span.update_name(name)

    def set(self, attributes: Mapping[str, Attribute]) -> None:
        """Add attributes."""
        self._span.set_attributes(dict(attributes))

    def fail(self, why: str) -> None:
        """Say that it failed."""
        self._span.set_status(Status(StatusCode.ERROR, why))

    def end(self, at: int | None = None) -> None:
        """End it."""
        self._span.end(at)


class Sdk:
    """Begins spans (tracing.Recorder)."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def begin(
        self, name: str, kind: Kind, parent: str | None, links: Sequence[str], attributes: Mapping[str, Attribute], at: int | None = None
    ) -> Recorded:
        """Begin a span."""
        context = _context(parent)
        above = set_span_in_context(NonRecordingSpan(context), Context()) if context is not None else Context()
        linked = [Link(one) for one in map(_context, links) if one is not None]
        return Recorded(self._tracer.start_span(name, above, KINDS[kind], dict(attributes), linked, at))


def _context(traceparent: str | None) -> SpanContext | None:
    if parse_traceparent(traceparent) is None or traceparent is None:
        return None
    _, trace, span, flags = traceparent.split("-")
    return SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def export_traces(resource: Resource) -> None:
    """Record spans and export them until the process ends."""
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracing.record_with(Sdk(provider.get_tracer("caixa")))
