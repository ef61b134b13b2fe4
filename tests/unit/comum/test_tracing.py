"""Spans where nothing is exported: ids pass through."""

import pytest

from caixa_comum import tracing
from caixa_comum.telemetry import make_traceparent, parse_traceparent


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
