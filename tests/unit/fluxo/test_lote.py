"""A lote is read whole, and everything that is wrong in it is told at once."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caixa_comum.authentication import Comerciante
from caixa_comum.problems import Problem
from caixa_fluxo import lote
from caixa_fluxo.lote import MAIOR_CORPO, MAIS_ERROS, MAIS_LANCAMENTOS, NovoLote, read
from caixa_fluxo.lote_recording import Pedido, prepared
from caixa_fluxo.registration import DayClosed, ReferenceTaken

FUSO = ZoneInfo("America/Sao_Paulo")
AGORA = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
GOOD = {"tipo": "credito", "valor": 1}


def body(entries: object) -> bytes:
    """Write a lote."""
    return msgspec.json.encode({"lancamentos": entries})


def accepted(entries: object) -> NovoLote:
    """Read a lote of the test's merchant at the test's instant."""
    return read(body(entries), fuso=FUSO, agora=AGORA)


def refusal(sent: bytes) -> Problem:
    """Give the Problem of a lote that is refused."""
    with pytest.raises(Problem) as raised:
        read(sent, fuso=FUSO, agora=AGORA)
    return raised.value


def pointers(sent: object) -> list[str]:
    """Give where a refused lote is wrong."""
    refused = refusal(body(sent))
    assert refused.status == 422
    return [erro.ponteiro for erro in refused.erros]


def test_all_that_is_wrong_is_told_at_once() -> None:
    """Several fields of one entry, several entries, and rules beside forms: each error has its pointer, in the order sent."""
    sent: Sequence[Any] = [  # Any: JSON
        GOOD,
        {"tipo": "pix", "valor": 0, "moeda": "XXX", "data": "2999-01-01", "surpresa": 1, "a/b": 1},
        {},
        7,
        GOOD | {"data": "1899-12-31", "ocorrido_em": "2999-01-01T00:00:00Z", "descricao": "x" * 141},
        GOOD | {"metadados": {"a": 1}},
    ]
    assert pointers(sent) == [
        "#/lancamentos/1/surpresa",
        "#/lancamentos/1/a~1b",
        "#/lancamentos/1/tipo",
        "#/lancamentos/1/valor",
        "#/lancamentos/1/moeda",
        "#/lancamentos/1/data",
        "#/lancamentos/2/tipo",
        "#/lancamentos/2/valor",
        "#/lancamentos/3",
        "#/lancamentos/4/descricao",
        "#/lancamentos/4/data",
        "#/lancamentos/4/ocorrido_em",
        "#/lancamentos/5/metadados",
    ]


def test_a_reference_that_is_repeated_is_told_at_the_later_entry() -> None:
    """Byte for byte: what differs in case or a space is another reference; the first place is named, also beside errors of form."""
    same = [GOOD | {"referencia_externa": name} for name in ("nf-1", "NF-1", "nf-1 ", "nf-1", "nf-1")]
    expected = ["#/lancamentos/3/referencia_externa", "#/lancamentos/4/referencia_externa"]
    assert pointers(same) == expected
    assert pointers([*same, {}]) == [*expected, "#/lancamentos/5/tipo", "#/lancamentos/5/valor"]
    assert "#/lancamentos/0" in refusal(body(same)).erros[1].detalhe


@pytest.mark.parametrize("count", [MAIS_ERROS - 1, MAIS_ERROS, MAIS_ERROS + 1, MAIS_LANCAMENTOS])
def test_errors_are_told_up_to_a_bound(count: int) -> None:
    """A hundred at most, the first ones, and the sentence says that there are more."""
    for wrong in ({"tipo": "credito", "valor": 0}, GOOD | {"moeda": "XXX"}):
        refused = refusal(body([wrong] * count))
        assert len(refused.erros) == min(count, MAIS_ERROS)
        assert ("há mais" in refused.detail) == (count > MAIS_ERROS)
        assert refused.erros[-1].ponteiro.startswith(f"#/lancamentos/{min(count, MAIS_ERROS) - 1}/")


@pytest.mark.parametrize(
    ("sent", "ponteiro"),
    [
        ([], "#/lancamentos"),
        ([GOOD] * (MAIS_LANCAMENTOS + 1), "#/lancamentos"),
        (None, "#/lancamentos"),
        ({"0": GOOD}, "#/lancamentos"),
    ],
)
def test_the_list_has_from_one_to_a_thousand_entries(sent: object, ponteiro: str) -> None:
    """Fewer, more, or something else is one error, of the list."""
    assert pointers(sent) == [ponteiro]


def test_a_lote_has_only_its_list() -> None:
    """Anything beside it is refused, and so is a lote without it."""
    assert [erro.ponteiro for erro in refusal(b'{"lancamentos": [{}], "x": 1}').erros] == ["#/x"]
    assert [erro.ponteiro for erro in refusal(b"{}").erros] == ["#/lancamentos"]


def test_a_field_that_is_there_twice_is_pointed_at() -> None:
    """Whichever of the two a reader would take; such a lote is read no further."""
    for rest in (b"", b", {}"):
        refused = refusal(b'{"lancamentos": [{"tipo": "credito", "valor": 1}, {"tipo": "credito", "valor": 1, "valor": 2}' + rest + b"]}")
        assert (refused.status, [erro.ponteiro for erro in refused.erros]) == (422, ["#/lancamentos/1/valor"])


@pytest.mark.parametrize("valor", [b"1" * 5000, b"1e999", b"-1" + b"0" * 400, b"0.1"])
def test_a_number_of_any_length_is_a_wrong_value(valor: bytes) -> None:
    """However many digits it has it is the field that is wrong, and nothing fails."""
    refused = refusal(b'{"lancamentos": [{"tipo": "credito", "valor": ' + valor + b"}]}")
    assert (refused.status, [erro.ponteiro for erro in refused.erros]) == (422, ["#/lancamentos/0/valor"])


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{",
        b'{"lancamentos": [{}, {]}',
        b'{"lancamentos": [{}, {"descricao": "\xff"}]}',
        b'{"lancamentos": [{}, {"tipo": "\\ud800"}]}',
        b'{"lancamentos": [{}, {"x": ' + b"[" * 99 + b"]" * 99 + b"}]}",
    ],
)
def test_what_is_no_json_is_400_wherever_it_stands(sent: bytes) -> None:
    """Also behind an entry that is wrong in another way."""
    assert refusal(sent).status == 400


FIELDS: dict[str, st.SearchStrategy[Any]] = {  # Any: JSON
    "tipo": st.sampled_from(["credito", "debito"]),
    "valor": st.integers(1, 2**53 - 1),
    "moeda": st.sampled_from(["BRL", "USD", "JPY"]),
    "data": st.dates(min_value=AGORA.date().replace(year=1900), max_value=AGORA.date()).map(str),
    "descricao": st.text(st.characters(codec="utf-8"), max_size=140) | st.none(),
    "metadados": st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1, max_size=3), st.just('[{\\"'), max_size=3),
}
WRONG: dict[str, Any] = {  # Any: JSON
    "tipo": None,
    "valor": 1.5,
    "moeda": "real",
    "data": "2026-02-30",
    "descricao": 1,
    "metadados": [],
}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.fixed_dictionaries(FIELDS), st.sets(st.sampled_from(sorted(WRONG)))), min_size=1, max_size=6))
def test_exactly_the_wrong_fields_are_pointed_at(entries: list[tuple[dict[str, Any], set[str]]]) -> None:  # Any: JSON
    """Whatever else an entry holds, each wrong field has one error and no other field has any; without wrong ones all is accepted."""
    sent = [{**fields, **{name: WRONG[name] for name in wrong}} for fields, wrong in entries]
    expected = {f"#/lancamentos/{index}/{name}" for index, (_, wrong) in enumerate(entries) for name in wrong}
    if expected:
        told = pointers(sent)
        assert len(told) == len(expected)
        assert set(told) == expected
    else:
        assert [one.valor for one in accepted(sent).lancamentos] == [one["valor"] for one in sent]


def prepared_lote(count: int) -> Any:  # Any: a Lote
    """Prepare a lote of `count` entries for recording."""
    pedido = Pedido(comerciante=Comerciante(uuid4(), FUSO), chave="k", traceparent=None, agora=AGORA)
    return prepared(body([GOOD | {"valor": number} for number in range(1, count + 1)]), pedido)


def test_a_prepared_lote_keeps_the_order_sent() -> None:
    """Ids ascend in it, events carry the entries' ids, and the answer lists the same."""
    wanted = prepared_lote(50)
    assert [one.valor for one in wanted.registros] == list(range(1, 51))
    ids = [one.id for one in wanted.registros]
    assert ids == sorted(ids)
    assert [one.event_id for one in wanted.eventos] == ids
    assert [one["id"] for one in msgspec.json.decode(wanted.claim.answer.corpo)["itens"]] == [str(one) for one in ids]


def test_the_largest_lote_fits_where_its_answer_is_kept() -> None:
    """A body of the largest size, whatever is in it, has an answer that a MEDIUMBLOB and a packet of 16 MiB hold, escaped too."""
    entry = GOOD | {"metadados": {str(number): "" for number in range(20)}}
    room = (MAIOR_CORPO - len(body([entry] * MAIS_LANCAMENTOS))) // MAIS_LANCAMENTOS
    entry["metadados"] = {str(number): "\\" * (room // 40) for number in range(20)}
    sent = body([entry] * MAIS_LANCAMENTOS)
    assert MAIOR_CORPO * 0.9 < len(sent) <= MAIOR_CORPO
    pedido = Pedido(comerciante=Comerciante(uuid4(), FUSO), chave="k", traceparent=None, agora=AGORA)
    answer = prepared(sent, pedido).claim.answer.corpo
    assert 2 * len(answer) < 2**24


def test_every_conflict_has_its_pointer() -> None:
    """A closed day and a taken reference of one entry, and those of others: one 409 with all, and who has each reference."""
    registros = prepared_lote(3).registros
    first, _, third = (one.id for one in registros)
    existing = uuid4()
    day = AGORA.date()
    problem = lote.conflict(registros, {third: DayClosed(day)}, {first: ReferenceTaken(existing), third: ReferenceTaken(existing)})
    assert problem.status == 409
    assert [erro.ponteiro for erro in problem.erros] == [
        "#/lancamentos/0/referencia_externa",
        "#/lancamentos/2/data",
        "#/lancamentos/2/referencia_externa",
    ]
    assert problem.extra == {
        "fechado_ate": day.isoformat(),
        "existentes": {
            "#/lancamentos/0/referencia_externa": str(existing),
            "#/lancamentos/2/referencia_externa": str(existing),
        },
    }
    every = {one.id: ReferenceTaken(existing) for one in prepared_lote(1).registros}
    assert lote.conflict([msgspec.structs.replace(registros[0], id=next(iter(every)))], {}, every).title == "Referência externa já usada"
