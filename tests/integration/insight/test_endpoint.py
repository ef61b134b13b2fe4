"""A process exports only where it is told an endpoint, and pays nothing where it is not."""

import subprocess
import sys

from tests.local.environment import minimal

PROGRAM = """
import sys
from caixa_comum import logs
import caixa_fluxo.commands, caixa_saldo.commands, caixa_gateway.commands
logs.configure("info", "teste")
print(sorted({name.partition(".")[0] for name in sys.modules} & {"opentelemetry", "google", "requests"}))
"""


def told(**variables: str) -> subprocess.CompletedProcess[str]:
    """Configure a process that is told these variables."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env=minimal(**variables), capture_output=True, text=True, check=False, timeout=60
    )


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
