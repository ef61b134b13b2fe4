"""Bodies are read strictly, and every refusal says in Portuguese what is wrong where."""

from datetime import date
from typing import Annotated

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caixa_comum.bodies import decode
from caixa_comum.problems import Problem
from caixa_comum.sentences import pointer


class Item(msgspec.Struct, forbid_unknown_fields=True):
    """A body's item."""

    valor: Annotated[int, msgspec.Meta(ge=1, le=10)]
    descricao: Annotated[str, msgspec.Meta(max_length=3)] = ""
    data: date | None = None
    metadados: dict[str, str] = {}


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """A body of items."""

    itens: list[Item]


@pytest.mark.parametrize(
    ("body", "detalhe", "ponteiro"),
    [
        (b'{"itens": [{"valor": 1.5}]}', "deve ser um número inteiro", "#/itens/0/valor"),
        (b'{"itens": [{"valor": "1"}]}', "deve ser um número inteiro", "#/itens/0/valor"),
        (b'{"itens": [{"valor": true}]}', "deve ser um número inteiro", "#/itens/0/valor"),
        (b'{"itens": [{"valor": 1}, {"valor": 11}]}', "deve ser no máximo 10", "#/itens/1/valor"),
        (b'{"itens": [{"valor": 0}]}', "deve ser no mínimo 1", "#/itens/0/valor"),
        (b'{"itens": [{"valor": 99999999999999999999999}]}', "deve ser no máximo 10", "#/itens/0/valor"),
        (b'{"itens": [{}]}', "campo obrigatório", "#/itens/0/valor"),
        (b'{"itens": [{"valor": 1, "a/b": 2}]}', "campo desconhecido", "#/itens/0/a~1b"),
        (b'{"itens": [{"valor": 1, "descricao": "longa"}]}', "deve ter no máximo 3 caracteres", "#/itens/0/descricao"),
        (b'{"itens": {}}', "deve ser uma lista", "#/itens"),
        (b"[]", "deve ser um objeto", "#"),
        (b'{"itens": [{"valor": 1e2}]}', "deve ser um número inteiro", "#/itens/0/valor"),
        (b'{"itens": [{"valor": 1.0}]}', "deve ser um número inteiro", "#/itens/0/valor"),
        (b'{"itens": [{"valor": 1, "valor": 2}]}', "campo repetido", "#/itens/0/valor"),
        (b'{"itens": [], "itens": [{"valor": 1}]}', "campo repetido", "#/itens"),
        (b'{"itens": [{"valor": 1}, {"valor": 1, "v\\u0061lor": 1}]}', "campo repetido", "#/itens/1/valor"),
        (b'{"itens": [{"valor": 1, "metadados": {"a/b": "1", "c": "2", "a/b": "1"}}]}', "campo repetido", "#/itens/0/metadados/a~1b"),
    ],
)
def test_a_wrong_field_is_pointed_at(body: bytes, detalhe: str, ponteiro: str) -> None:
    """The first field that is wrong is named by its JSON pointer, with the reason in Portuguese."""
    with pytest.raises(Problem) as raised:
        decode(body, Body)
    assert raised.value.status == 422
    assert [(erro.detalhe, erro.ponteiro) for erro in raised.value.erros] == [(detalhe, ponteiro)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b'{"itens": [] } x',
        b'{"itens": [{"valor": 1, "descricao": "\xff"}]}',
        b'{"itens": [{"valor": 1, "descricao": "\\ud800"}]}',
        b"[" * 5_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b"NaN",
        b'{"itens": [{"valor": NaN}]}',
        b'{"itens": [{"valor": -Infinity}]}',
        b'\xef\xbb\xbf{"itens": []}',
        '{"itens": []}'.encode("utf-16"),
        b'{"itens": [{"valor": 01}]}',
        b"{'itens': []}",
        b'{"itens": [],}',
    ],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    """Broken JSON, bad UTF-8, lone surrogates and deep nesting are a 400, never a fault of ours."""
    with pytest.raises(Problem) as raised:
        decode(body, Body)
    assert raised.value.status == 400


@pytest.mark.parametrize("digits", [20, 400, 5_000, 60_000])
@pytest.mark.parametrize("form", ["{}", "-{}", "{}.5", "1e{}", "0.{}"])
def test_a_number_of_any_length_is_a_field_that_is_wrong(form: str, digits: int) -> None:
    """However many digits a number has, it is a 4xx that points at its field, at once."""
    with pytest.raises(Problem) as raised:
        decode(b'{"itens": [{"valor": %s}]}' % form.format("9" * digits).encode(), Body)
    assert raised.value.status in {400, 422}
    assert raised.value.erros[0].ponteiro in {"#", "#/itens/0/valor"}


def test_a_member_that_is_there_twice_is_no_repetition_elsewhere() -> None:
    """Two objects may name the same members."""
    body = b'{"itens": [{"valor": 1, "metadados": {"valor": "1"}}, {"valor": 1}]}'
    assert len(decode(body, Body).itens) == 2


def test_brackets_within_texts_are_not_nesting() -> None:
    """A text may hold any number of brackets and quotes."""
    text = '[{"' * 100
    body = msgspec.json.encode({"itens": [{"valor": 1, "metadados": {"nota": text}}]})
    assert decode(body, Body).itens[0].metadados == {"nota": text}


@settings(max_examples=50)
@given(st.text('\\"[]{}x', max_size=120))
def test_nesting_is_counted_outside_of_texts_alone(text: str) -> None:
    """Whatever quotes, backslashes and brackets a text holds it is no nesting, and it hides none."""
    body = msgspec.json.encode({"itens": [{"valor": 1, "metadados": {"nota": text, text: text}}]})
    assert decode(body, Body).itens[0].metadados == {"nota": text, text: text}
    hidden = body.replace(b'{"itens"', b'{"x": ' + b"[" * 40 + msgspec.json.encode(text) + b"]" * 40 + b', "itens"')
    with pytest.raises(Problem) as raised:
        decode(hidden, Body)
    assert raised.value.status == 400


@given(st.binary(max_size=200))
def test_no_bytes_make_decoding_fault(body: bytes) -> None:
    """Whatever bytes come, the outcome is a value or a problem."""
    try:
        decode(body, Body)
    except Problem as problem:
        assert problem.status in {400, 422}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_json_makes_decoding_fault(value: object) -> None:
    """Whatever JSON comes, the outcome is a value or a problem that points somewhere."""
    try:
        decode(msgspec.json.encode(value), Body)
    except Problem as problem:
        assert problem.erros[0].ponteiro.startswith("#")


def test_pointers_follow_paths() -> None:
    """Fields and indexes become steps."""
    assert pointer("$.itens[3].valor") == "#/itens/3/valor"
    assert pointer("$") == "#"
