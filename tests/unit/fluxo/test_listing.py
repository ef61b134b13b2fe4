"""What a list is asked for: cursors that only come from it, filters, and the size of a page."""

import base64
from datetime import date
from uuid import UUID

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from caixa_comum.dominio import MOEDAS, Tipo
from caixa_comum.problems import Problem
from caixa_fluxo.listing import MAIOR_PAGINA, PAGINA, Filtros, Lugar, cursor, parse_cursor, parse_filters, parse_limit

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100)
lugares = st.builds(Lugar, st.dates(), st.uuids())
filters = st.builds(
    Filtros,
    data_inicial=st.none() | st.dates(),
    data_final=st.none() | st.dates(),
    tipo=st.none() | st.sampled_from(Tipo),
    moeda=st.none() | st.sampled_from(sorted(MOEDAS)),
    referencia_externa=st.none() | texts,
)
LUGAR = Lugar(date(2024, 2, 29), UUID(int=7))


def refused(text: str, filtros: Filtros = Filtros()) -> Problem:  # noqa: B008 # frozen
    """Give the problem of a cursor that is not accepted."""
    with pytest.raises(Problem) as raised:
        parse_cursor(text, filtros)
    return raised.value


@given(lugares, filters)
def test_a_cursor_leads_back_to_its_place(lugar: Lugar, filtros: Filtros) -> None:
    """What was written down is what is read, for every place and every filter, and it needs no escaping in a URL."""
    written = cursor(lugar, filtros)
    assert parse_cursor(written, filtros) == lugar
    assert set(written) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(lugares, filters, filters)
def test_a_cursor_is_for_its_own_filters(lugar: Lugar, ours: Filtros, theirs: Filtros) -> None:
    """Under other filters it is a 400 that says to begin again."""
    if ours != theirs:
        problem = refused(cursor(lugar, ours), theirs)
        assert (problem.status, problem.erros[0].ponteiro) == (400, "/cursor")
        assert "outros filtros" in problem.erros[0].detalhe


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
@example("")
@example("=")
@example("A")
@example("\ud800")
@example("ção")
@example("kg" * 4096)
@example(base64.urlsafe_b64encode(msgspec.msgpack.encode([["2024-02-30", UUID(int=7)], b""])).decode())
@example(base64.urlsafe_b64encode(msgspec.msgpack.encode([["2024-02-29", "7"], b"12345678"])).decode())
@example(base64.urlsafe_b64encode(b"\x91" * 5000).decode())
def test_what_is_no_cursor_is_a_400(text: str) -> None:
    """Whatever text comes is refused with a pointer, never a fault of ours."""
    problem = refused(text)
    assert (problem.status, problem.erros[0].ponteiro) == (400, "/cursor")


@given(st.integers(min_value=0), st.characters(codec="ascii"))
def test_a_cursor_that_was_changed_never_leads_elsewhere_unseen(position: int, character: str) -> None:
    """With one character replaced it is refused, or it still names a place of the list: it cannot name another filter."""
    written = cursor(LUGAR, Filtros())
    at = position % len(written)
    try:
        found = parse_cursor(written[:at] + character + written[at + 1 :], Filtros())
    except Problem as problem:
        assert problem.status == 400
    else:
        assert isinstance(found, Lugar)


def test_no_cursor_is_the_beginning() -> None:
    """A list that is asked for without one begins at its newest entry."""
    assert parse_cursor(None, Filtros()) is None


@given(filters)
def test_filters_are_read_as_they_are_written(filtros: Filtros) -> None:
    """Every filter that can be meant can be asked for, and a range that ends before it begins is pointed at."""
    query = {name: str(value) for name, value in msgspec.to_builtins(filtros).items() if value is not None}
    try:
        assert parse_filters(query) == filtros
    except Problem as problem:
        assert [erro.ponteiro for erro in problem.erros] == ["/data_final"]
        assert filtros.data_inicial is not None
        assert filtros.data_final is not None
        assert filtros.data_final < filtros.data_inicial


@given(st.dictionaries(st.sampled_from([*Filtros.__struct_fields__, "a/b", "~", "x" * 300]) | texts, texts))
def test_no_query_makes_reading_fault(query: dict[str, str]) -> None:
    """Whatever the parameters, the outcome is filters or a 400 that points at parameters, at most twenty of them."""
    try:
        parse_filters(query)
    except Problem as problem:
        assert problem.status == 400
        assert 1 <= len(problem.erros) <= 20
        assert all(erro.ponteiro.startswith("/") and len(erro.ponteiro) < 300 for erro in problem.erros)


def test_every_wrong_parameter_is_pointed_at_once() -> None:
    """One answer names all that is wrong, by JSON pointers (RFC 6901)."""
    wrong = {"data_inicial": "20240101", "data_final": "2024-02-30", "tipo": "pix", "moeda": "brl", "referencia_externa": "", "a/b~c": "1"}
    with pytest.raises(Problem) as raised:
        parse_filters(wrong)
    assert {erro.ponteiro for erro in raised.value.erros} == {
        "/data_inicial", "/data_final", "/tipo", "/moeda", "/referencia_externa", "/a~1b~0c",
    }  # fmt: skip


@given(st.integers())
def test_a_page_has_one_to_five_hundred_items(number: int) -> None:
    """Those numbers are accepted as they are, all others refused."""
    if 1 <= number <= MAIOR_PAGINA:
        assert parse_limit(str(number)) == number
    else:
        with pytest.raises(Problem) as raised:
            parse_limit(str(number))
        assert raised.value.erros[0].ponteiro == "/limit"


@pytest.mark.parametrize("text", ["", " 1", "1 ", "+1", "1.0", "1e2", "٣", "0x1", "1_0", "9" * 5000])
def test_a_page_is_asked_for_in_plain_digits(text: str) -> None:
    """Nothing that Python alone would take for a number is one; left out it is fifty."""
    with pytest.raises(Problem):
        parse_limit(text)
    assert parse_limit(None) == PAGINA
