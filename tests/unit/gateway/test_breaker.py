"""The breaker: opens after failures in a row, lets one request try now and then, and closes with the first answer."""

from prometheus_client import REGISTRY

from caixa_gateway.breaker import FAILURES, OPEN_SECONDS, Breaker


def told(service: str) -> float | None:
    """Give what the metric says."""
    return REGISTRY.get_sample_value("caixa_gateway_breaker_open", {"service": service})


def test_failures_with_answers_between_never_open_it() -> None:
    """One slow route among good answers is no service that is down."""
    breaker = Breaker("a", now=lambda: 0.0)
    for _ in range(10):
        for _ in range(FAILURES - 1):
            breaker.failed()
        breaker.answered()
    assert breaker.lets_through()
    assert told("a") == 0


def test_a_service_that_is_down_is_tried_by_one_request_at_a_time() -> None:
    """Open, only one request in OPEN_SECONDS gets through; when it fails all wait again, when it is answered all pass."""
    clock = [100.0]
    breaker = Breaker("b", now=lambda: clock[0])
    for _ in range(FAILURES):
        assert breaker.lets_through()
        breaker.failed()
    assert told("b") == 1
    assert not breaker.lets_through()
    clock[0] += OPEN_SECONDS
    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]
    breaker.failed()
    clock[0] += OPEN_SECONDS / 2
    assert not breaker.lets_through()
    clock[0] += OPEN_SECONDS
    assert breaker.lets_through()
    breaker.answered()
    assert all(breaker.lets_through() for _ in range(3))
    assert told("b") == 0
