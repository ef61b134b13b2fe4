"""Which service has a path, and that no path means two things."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caixa_gateway.routing import AmbiguousPath, service_of


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/api/v1/lancamentos", "fluxo"),
        ("/api/v1/lancamentos/0190/estorno", "fluxo"),
        ("/api/v1/fechamentos", "fluxo"),
        ("/api/v1/saldos/atual", "saldo"),
        ("/api/v1/saldosx", None),
        ("/api/v1/comerciantes", None),
        ("/", None),
    ],
)
def test_a_path_has_one_service(path: str, service: str | None) -> None:
    """Prefixes end at a segment's end."""
    assert service_of(path) == service


@pytest.mark.parametrize(
    "rest",
    ["/../comerciantes", "/%2e%2e/x", "/a%2Fb", "/a%5cb", "/a%00", "/./x", "//x", "/%252e", "/a\\b", "/a b", "/é", "/%zz"],
)
def test_an_ambiguous_path_is_refused(rest: str) -> None:
    """Dot segments, encoded slashes and the like never reach a service."""
    with pytest.raises(AmbiguousPath):
        service_of("/api/v1/saldos" + rest)


@given(st.text(max_size=30))
def test_whatever_passes_stays_below_its_prefix(rest: str) -> None:
    """No text behind a prefix makes a path that leaves it."""
    path = "/api/v1/saldos/" + rest
    try:
        service = service_of(path)
    except AmbiguousPath:
        return
    assert service == "saldo"
    assert ".." not in path.split("/")
