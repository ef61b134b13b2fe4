"""Idempotency-Key: what a key may be, and what makes two requests the same."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caixa_comum.dominio import MAIOR_VALOR, Tipo
from caixa_comum.problems import Problem
from caixa_fluxo.idempotency import LONGEST, fingerprint, key
from caixa_fluxo.lancamento import NovoEstorno, NovoLancamento

OPERATION = "POST /api/v1/lancamentos"
printable = st.characters(min_codepoint=32, max_codepoint=126)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
novos = st.builds(
    NovoLancamento,
    tipo=st.sampled_from(Tipo),
    valor=st.integers(1, MAIOR_VALOR),
    moeda=st.sampled_from(["BRL", "USD"]),
    data=st.none() | st.dates(date(1900, 1, 1)),
    descricao=st.none() | texts,
    referencia_externa=st.none() | texts.filter(bool),
    metadados=st.dictionaries(texts.filter(bool), texts, max_size=5),
)


@given(st.text(printable, min_size=1, max_size=LONGEST))
def test_a_key_is_taken_as_it_is(text: str) -> None:
    """Every text of 1 to 255 printable ASCII characters is a key, spaces included, and none is changed."""
    assert key(text) == text


@given(st.text())
def test_any_other_header_is_a_400_that_points_at_it(text: str) -> None:
    """Empty, too long, or with any other character: never a fault of ours."""
    if 1 <= len(text) <= LONGEST and all(" " <= character <= "~" for character in text):
        return
    with pytest.raises(Problem) as raised:
        key(text)
    assert (raised.value.status, raised.value.erros[0].ponteiro) == (400, "Idempotency-Key")


@pytest.mark.parametrize("header", [None, "", "x" * (LONGEST + 1), "a\tb", "a\x7f", "ação", "\ud800"])
def test_what_is_no_key(header: str | None) -> None:
    """The edges of what is accepted."""
    with pytest.raises(Problem) as raised:
        key(header)
    assert raised.value.status == 400


@given(novos, st.randoms())
def test_spacing_and_order_do_not_make_another_request(novo: NovoLancamento, random: object) -> None:
    """The same fields in any order, with any white space, give the same fingerprint."""
    fields = list(msgspec.to_builtins(novo).items())
    random.shuffle(fields)  # type: ignore[attr-defined] # Hypothesis's Random
    fields = [(name, dict(reversed(value.items())) if isinstance(value, dict) else value) for name, value in fields]
    again = msgspec.json.decode(msgspec.json.format(msgspec.json.encode(dict(fields)), indent=3), type=NovoLancamento)
    assert fingerprint(OPERATION, again) == fingerprint(OPERATION, novo)


@given(novos, novos)
def test_another_body_is_another_request(one: NovoLancamento, other: NovoLancamento) -> None:
    """Fingerprints are equal exactly when the requests are."""
    assert (fingerprint(OPERATION, one) == fingerprint(OPERATION, other)) == (one == other)


def test_the_operation_is_part_of_the_request() -> None:
    """One key cannot stand for two operations, nor a body for the lack of one."""
    found = {
        fingerprint("POST /a", NovoEstorno()),
        fingerprint("POST /b", NovoEstorno()),
        fingerprint("POST /a", None),
        fingerprint("POST /a", NovoEstorno(descricao="troca")),
    }
    assert len(found) == 4
    assert {len(one) for one in found} == {32}
