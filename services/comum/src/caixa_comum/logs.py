"""Structured logs: one JSON object per line on standard output, from our code and from libraries alike; and OTLP, where it is told."""

import logging
import os
import sys

import structlog
from structlog.typing import Processor

from caixa_comum.settings import ConfigurationError
from caixa_comum.tracing import with_trace

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(level: str, process: str) -> None:
    """Send every log record through structlog to standard output as JSON, with the process's name and the trace in each.

    Where OpenTelemetry's variables name an endpoint, logs, traces and metrics are exported to it from now on (`caixa_comum.otlp`).
    Raises ConfigurationError for a level that is not one of debug, info, warning, error, and for a protocol that is not HTTP.
    """
    if level not in LEVELS:
        raise ConfigurationError("CAIXA_LOG_LEVEL", f"must be one of {', '.join(LEVELS)}")
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        with_trace,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer(ensure_ascii=False)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level])
    for noisy in ("aiormq", "aio_pika", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, LEVELS[level]))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(process=process)
    if any(name.startswith("OTEL_EXPORTER_OTLP_") and name.endswith("ENDPOINT") and value for name, value in os.environ.items()):
        # Here, not above: a second of imports and a dozen megabytes that a process without an endpoint never pays.
        from caixa_comum import otlp  # noqa: PLC0415

        otlp.start(process, os.environ)
