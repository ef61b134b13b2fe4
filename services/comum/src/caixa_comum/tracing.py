"""Spans: recorded where an OTLP endpoint is set; elsewhere a trace's ids only pass through, which costs next to nothing.

The current span is one text, its W3C traceparent: what is logged, stored in the outbox and sent in headers is the same.
"""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Literal, Protocol, Self

from structlog.typing import EventDict, WrappedLogger

from caixa_comum.telemetry import make_traceparent

Attribute = str | int | float | bool
Kind = Literal["server", "client", "producer", "consumer", "internal"]
NOTHING: Mapping[str, Attribute] = {}


class Recording(Protocol):
    """A span that will be exported once it has ended."""

    @property
    def traceparent(self) -> str:
        """The context that its children name as their parent."""

    def rename(self, name: str) -> None:
        """Name it anew."""

    def set(self, attributes: Mapping[str, Attribute]) -> None:
        """Add attributes."""

    def fail(self, why: str) -> None:
        """Say that it failed."""

    def end(self, at: int | None = None) -> None:
        """End it, now or at an instant in nanoseconds since 1970."""


class Recorder(Protocol):
    """What begins spans; `caixa_comum.otlp_traces` has the one that exports."""

    def begin(
        self, name: str, kind: Kind, parent: str | None, links: Sequence[str], attributes: Mapping[str, Attribute], at: int | None = None
    ) -> Recording:
        """Begin a span, now or at an instant in nanoseconds since 1970; without a parent it begins a trace."""


_current: ContextVar[str | None] = ContextVar("traceparent", default=None)
_recorder: Recorder | None = None


def record_with(recorder: Recorder | None) -> None:
    """Have spans recorded from now on, or (None) no longer."""
    global _recorder  # noqa: PLW0603  one per process, as its log is
    _recorder = recorder


def recording() -> bool:
    """Tell whether spans are recorded at all: what only spans need is not worked out otherwise."""
    return _recorder is not None


def current() -> str | None:
    """Give the traceparent of the span that this task is in, if it is in one."""
    return _current.get()


class Span:
    """A span as a context manager: current within its block, ended and marked as failed by an exception that leaves it."""

    __slots__ = ("_recording", "_token", "traceparent")

    def __init__(self, traceparent: str, recorded: Recording | None) -> None:
        self.traceparent = traceparent
        self._recording = recorded
        self._token: Token[str | None] | None = None

    def rename(self, name: str) -> None:
        """Name it anew, when the route is known."""
        if self._recording is not None:
            self._recording.rename(name)

    def set(self, attributes: Mapping[str, Attribute]) -> None:
        """Add attributes (OpenTelemetry's semantic conventions)."""
        if self._recording is not None:
            self._recording.set(attributes)

    def fail(self, why: str) -> None:
        """Say that what it stands for failed."""
        if self._recording is not None:
            self._recording.fail(why)

    def __enter__(self) -> Self:
        self._token = _current.set(self.traceparent)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._token is not None:
            _current.reset(self._token)
        if self._recording is not None:
            if error is not None:
                self._recording.fail(repr(error))
            self._recording.end()


def span(name: str, kind: Kind, *, parent: str | None, links: Sequence[str] = (), attributes: Mapping[str, Attribute] = NOTHING) -> Span:
    """Begin a span, to be used in a `with`; without a parent it begins a trace. Where nothing is recorded it has its parent's ids."""
    if _recorder is None:
        return Span(parent or make_traceparent(), None)
    recorded = _recorder.begin(name, kind, parent, links, attributes)
    return Span(recorded.traceparent, recorded)


def record(
    name: str,
    kind: Kind,
    *,
    parent: str | None,
    began: int,
    ended: int,
    links: Sequence[str] = (),
    attributes: Mapping[str, Attribute] = NOTHING,
    failure: str | None = None,
) -> str | None:
    """Record a span that is over, its instants in nanoseconds since 1970; give its traceparent for its children."""
    if _recorder is None:
        return parent
    recorded = _recorder.begin(name, kind, parent, links, attributes, began)
    if failure is not None:
        recorded.fail(failure)
    recorded.end(ended)
    return recorded.traceparent


def named(traceparent: str) -> dict[str, str]:
    """Give a span's trace and own id as a log line has them."""
    return {"trace_id": traceparent[3:35], "span_id": traceparent[36:52]}


def with_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Name the current trace and span in a log line (structlog processor)."""
    traceparent = _current.get()
    if traceparent is not None:
        event.update(named(traceparent))
    return event
