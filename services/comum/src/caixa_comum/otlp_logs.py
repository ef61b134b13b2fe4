"""The log's lines as OTLP records: the event is the body, its values are attributes, and the trace is the line's own."""

import logging
from typing import Any, Final

from opentelemetry._logs import Logger, LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

SEVERITIES: Final = {
    logging.DEBUG: SeverityNumber.DEBUG,
    logging.INFO: SeverityNumber.INFO,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
    logging.CRITICAL: SeverityNumber.FATAL,
}
OWN: Final = ("opentelemetry", "urllib3", "requests")
"""Loggers of the exporter itself: their lines would be exported, and so make new ones, for ever."""
TOLD_OTHERWISE: Final = frozenset({"event", "level", "timestamp", "trace_id", "span_id"})


class Handler(logging.Handler):
    """Hands each record on; the formatter's handler beside it still writes the line."""

    def __init__(self, logger: Logger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Export one record."""
        if record.name.startswith(OWN):
            return
        # structlog's own lines arrive as their dict of values; other people's as text.
        event: dict[str, Any] = record.msg if isinstance(record.msg, dict) else {"event": record.getMessage()}  # Any: what was logged
        self._logger.emit(
            LogRecord(
                timestamp=int(record.created * 1e9),
                context=_context(event),
                severity_text=record.levelname,
                severity_number=SEVERITIES.get(record.levelno, SeverityNumber.INFO),
                body=str(event.get("event", "")),
                attributes={name: _plain(value) for name, value in event.items() if name not in TOLD_OTHERWISE},
            )
        )


def _context(event: dict[str, Any]) -> Context:
    trace, span = event.get("trace_id"), event.get("span_id")
    if not isinstance(trace, str) or not isinstance(span, str):
        return Context()
    within = SpanContext(int(trace, 16), int(span, 16), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return set_span_in_context(NonRecordingSpan(within), Context())


def _plain(value: Any) -> str | int | float | bool | list[str]:
    if isinstance(value, str | int | float | bool):
        return value
    return [str(one) for one in value] if isinstance(value, list | tuple) else str(value)


def export_logs(resource: Resource) -> None:
    """Export what is logged until the process ends."""
    provider = LoggerProvider(resource=resource)
    provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    logging.getLogger().addHandler(Handler(provider.get_logger("caixa")))
