"""Spans where nothing is exported: ids pass through, nothing of OpenTelemetry is imported."""

import os
import subprocess
import sys

import pytest

from caixa_comum import tracing
from caixa_comum.telemetry import make_traceparent, parse_traceparent

PROGRAM = """
import sys
from caixa_comum import logs
import caixa_fluxo.commands, caixa_saldo.commands, caixa_gateway.commands
logs.configure("info", "teste")
print(sorted({name.partition(".")[0] for name in sys.modules} & {"opentelemetry", "google", "requests"}))
"""


def told(**variables: str) -> subprocess.CompletedProcess[str]:
    """Configure a process that is told these variables."""
    environ = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run([sys.executable, "-c", PROGRAM], env=environ, capture_output=True, text=True, check=False, timeout=60)


def test_a_process_without_an_endpoint_imports_nothing_of_it() -> None:
    """Neither OpenTelemetry nor protobuf nor an HTTP client of theirs is loaded."""
    assert told().stdout == "[]\n"


def test_a_process_with_an_endpoint_exports_by_http_or_not_at_all() -> None:
    """With an endpoint the exporter is loaded; a protocol that is not spoken is refused by the variable's name."""
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    assert "opentelemetry" in told(**endpoint, OTEL_METRICS_EXPORTER="none").stdout
    refused = told(**endpoint, OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
    assert refused.returncode != 0
    assert "OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf" in refused.stderr


def test_ids_pass_through_unchanged() -> None:
    """A span below another has its ids; one without a parent begins a trace; both are current only within their block."""
    given = make_traceparent()
    with tracing.span("a", "server", parent=given) as outer:
        assert outer.traceparent == tracing.current() == given
        with tracing.span("b", "client", parent=None) as inner:
            assert parse_traceparent(inner.traceparent)
            assert inner.traceparent != given
        assert tracing.current() == given
    assert tracing.current() is None


def test_a_span_ends_with_its_block_whatever_leaves_it() -> None:
    """After an exception the span before is current again, and the exception goes on."""
    span = tracing.span("a", "server", parent=None)
    with pytest.raises(KeyError), span:
        raise KeyError
    assert tracing.current() is None


def test_a_line_names_the_span_that_it_was_written_in() -> None:
    """Within a span a line has its ids, outside none."""
    with tracing.span("a", "server", parent="00-" + "a" * 32 + "-" + "b" * 16 + "-01"):
        assert tracing.with_trace(None, "info", {}) == {"trace_id": "a" * 32, "span_id": "b" * 16}
    assert tracing.with_trace(None, "info", {}) == {}
