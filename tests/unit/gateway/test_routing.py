"""Which service has a path, and that no path means two things."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from caixa_gateway.incoming import MAIOR_CORPO
from caixa_gateway.routing import AmbiguousPath, Destination, Patience, destination_of, template


@pytest.mark.parametrize(
    ("path", "service", "keyed"),
    [
        ("/api/v1/lancamentos", "fluxo", True),
        ("/api/v1/lancamentos/0190/estorno", "fluxo", True),
        ("/api/v1/fechamentos", "fluxo", True),
        ("/api/v1/saldos/atual", "saldo", False),
    ],
)
def test_a_path_has_one_service(path: str, service: str, *, keyed: bool) -> None:
    """The service is found by prefix, and asked for exactly what the client asked; only fluxo honours keys."""
    assert destination_of(path, "") == Destination(service, path, keyed=keyed)
    assert destination_of(path, "a=1&b=%20") == Destination(service, f"{path}?a=1&b=%20", keyed=keyed)


@pytest.mark.parametrize("path", ["/api/v1/saldosx", "/api/v1/comerciantes", "/", "", "/api/v1", "//api/v1/saldos", "/API/v1/saldos"])
def test_what_no_service_has_goes_nowhere(path: str) -> None:
    """Prefixes end at a segment's end, and are compared byte by byte."""
    assert destination_of(path, "") is None


@pytest.mark.parametrize(
    ("method", "path", "whole", "silent"),
    [
        ("GET", "/api/v1/lancamentos/exportacao", 600, 60),
        ("GET", "/api/v1/fechamentos/exportacao", 600, 60),
        ("POST", "/api/v1/fechamentos", 120, 120),
        ("GET", "/api/v1/fechamentos", 30, 30),
        ("POST", "/api/v1/lancamentos/exportacao", 30, 30),
        ("POST", "/api/v1/lancamentos", 30, 30),
    ],
)
def test_an_export_and_a_closing_may_take_their_time(method: str, path: str, whole: float, silent: float) -> None:
    """Only these have more than the configured seconds, whatever their query; and never less than those."""
    found = destination_of(path, "formato=csv", method)
    assert found is not None
    assert found.patient(30) == Patience(whole, silent)
    assert found.patient(600) == Patience(600, 600)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1/lancamentos", "/api/v1/lancamentos"),
        ("/api/v1/lancamentos/01939b5e-7c00-7000-8000-000000000001/estorno", "/api/v1/lancamentos/{id}/estorno"),
        ("/api/v1/lancamentos/01939B5E7C0070008000000000000001", "/api/v1/lancamentos/{id}"),
        ("/api/v1/lancamentos/exportacao", "/api/v1/lancamentos/exportacao"),
        ("/api/v1/saldos/2026-11-26", "/api/v1/saldos/{dia}"),
        ("/api/v1/saldos/atual", "/api/v1/saldos/atual"),
        ("/api/v1/saldos/ontem/", "/api/v1/saldos/{outro}/{outro}"),
        ("/api/v1/comerciantes", None),
        ("/api/v1/saldosx", None),
    ],
)
def test_a_route_is_named_by_its_template(path: str, name: str | None) -> None:
    """Identifiers and days are not told apart."""
    assert template(path) == name


@given(st.lists(st.sampled_from(["atual", "lote", "2026-11-26", "x", "", "a" * 300, "0" * 32]) | st.text(max_size=5), max_size=9))
def test_the_names_of_routes_are_few(segments: list[str]) -> None:
    """Whatever is asked for, a name is made of seven words and is at most three deep."""
    name = template("/".join(["/api/v1/saldos", *segments]))
    assert name is not None
    rest = name.removeprefix("/api/v1/saldos").split("/")[1:]
    assert len(rest) <= 3
    assert set(rest) <= {"atual", "lote", "estorno", "exportacao", "{id}", "{dia}", "{outro}"}


def test_a_lote_may_have_a_larger_body() -> None:
    """Two mebibytes for the lote alone; what looks like it, or is below it, has the usual bound."""
    bounds = {
        path: found.maior
        for path in ("", "/lote", "/lot%65", "/lote/", "/lote/x")
        if (found := destination_of(f"/api/v1/lancamentos{path}", ""))
    }
    usual = MAIOR_CORPO
    assert bounds == {"": usual, "/lote": 2 * 1024 * 1024, "/lot%65": usual, "/lote/": usual, "/lote/x": usual}


@pytest.mark.parametrize(
    "rest",
    ["/../comerciantes", "/%2e%2e/x", "/a%2Fb", "/a%5cb", "/a%00", "/./x", "//x", "/%252e", "/a\\b", "/a b", "/é", "/%zz", "/a#b"],
)
def test_an_ambiguous_path_is_refused(rest: str) -> None:
    """Dot segments, encoded slashes and the like never reach a service."""
    with pytest.raises(AmbiguousPath):
        destination_of("/api/v1/saldos" + rest, "")


def test_a_fragment_is_no_part_of_a_request() -> None:
    """A '#' in the query would be dropped on the way to the service; it is refused instead."""
    with pytest.raises(AmbiguousPath):
        destination_of("/api/v1/saldos", "de=#2026-01-01")


@given(st.text(max_size=30))
def test_whatever_passes_stays_below_its_prefix(rest: str) -> None:
    """No text behind a prefix makes a path that leaves it."""
    path = "/api/v1/saldos/" + rest
    try:
        found = destination_of(path, "")
    except AmbiguousPath:
        return
    assert found == Destination("saldo", path)
    assert ".." not in path.split("/")


_VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30)


@given(_VISIBLE, _VISIBLE)
def test_what_passes_reaches_the_service_byte_for_byte(rest: str, query: str) -> None:
    """The address that is built for the service holds exactly the path and query that were checked."""
    rest, query = rest.replace("?", ""), query.replace("#", "")
    try:
        found = destination_of(f"/api/v1/saldos/{rest}", query)
    except AmbiguousPath:
        return
    assert found is not None
    url = URL("http://saldo:8080" + found.target, encoded=True)
    assert (url.host, url.port, url.raw_path_qs) == ("saldo", 8080, found.target)
