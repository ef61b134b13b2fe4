"""A real OTLP receiver: takes what processes export over HTTP, decodes the protobuf, and keeps it."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Span:
    """A span as it arrived; ids in hex, `parent` empty at a root."""

    service: str
    name: str
    kind: int
    trace: str
    id: str
    parent: str
    links: tuple[tuple[str, str], ...]
    attributes: dict[str, str]
    failed: bool


@dataclass(frozen=True)
class Log:
    """A log record as it arrived."""

    service: str
    body: str
    trace: str
    span: str
    attributes: dict[str, str]


@dataclass
class Receiver:
    """What has arrived so far."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    metrics: dict[str, set[str]] = field(default_factory=dict)
    """Names of metrics by service."""
    refusing: bool = False

    def take(self, path: str, body: bytes) -> None:
        """Decode an export. Raises KeyError for a path that OTLP does not have, DecodeError for a body that is none."""
        {"/v1/traces": self._traces, "/v1/logs": self._logs, "/v1/metrics": self._metrics}[path](body)

    def _traces(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = _attributes(resource.resource.attributes)["service.name"]
            self.spans += [
                Span(
                    service,
                    one.name,
                    one.kind,
                    one.trace_id.hex(),
                    one.span_id.hex(),
                    one.parent_span_id.hex(),
                    tuple((link.trace_id.hex(), link.span_id.hex()) for link in one.links),
                    _attributes(one.attributes),
                    one.status.code == 2,
                )
                for scope in resource.scope_spans
                for one in scope.spans
            ]

    def _logs(self, body: bytes) -> None:
        for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
            service = _attributes(resource.resource.attributes)["service.name"]
            self.logs += [
                Log(service, one.body.string_value, one.trace_id.hex(), one.span_id.hex(), _attributes(one.attributes))
                for scope in resource.scope_logs
                for one in scope.log_records
            ]

    def _metrics(self, body: bytes) -> None:
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            service = _attributes(resource.resource.attributes)["service.name"]
            names = {one.name for scope in resource.scope_metrics for one in scope.metrics}
            self.metrics.setdefault(service, set()).update(names)


def _attributes(pairs: Any) -> dict[str, str]:  # Any: protobuf's repeated field
    return {one.key: str(getattr(one.value, one.value.WhichOneof("value") or "string_value")) for one in pairs}


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Receive on a free port of 127.0.0.1 until the block ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if not receiver.refusing:
                receiver.take(self.path, body)
            self.send_response(503 if receiver.refusing else 200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the parent's own name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
