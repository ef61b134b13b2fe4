"""Sorting messages into entries and rejections."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caixa_comum.dominio import MAIOR_SOMA, MAIOR_VALOR, Tipo
from caixa_comum.events import DiaFechado, LancamentoRegistrado, TotaisDoDia, encode
from caixa_saldo.messages import BODY_LIMIT, TEXT_LIMIT, Closing, Entry, Message, rejection, traceparents, triage


def _body(valor: int = 1) -> tuple[UUID, bytes]:
    item = LancamentoRegistrado(
        id=uuid4(),
        comerciante_id=uuid4(),
        tipo=Tipo.CREDITO,
        valor=valor,
        moeda="BRL",
        data=date(2026, 11, 23),
        registrado_em=datetime(2026, 11, 23, tzinfo=UTC),
    )
    return item.id, encode(item, event_id=item.id, time=item.registrado_em, source="/fluxo")


def test_an_entry_is_known_by_its_events_id() -> None:
    """The inbox, and so `?apos=`, knows an entry by the id that fluxo answered."""
    event_id, body = _body()
    (entry,), rejections = triage([Message(body)])
    assert isinstance(entry, Entry)
    assert (entry.event_id, entry.lancamento.id, rejections) == (event_id, event_id, [])


@given(st.lists(st.binary(max_size=200)))
def test_no_bytes_break_the_sorting(bodies: list[bytes]) -> None:
    """Whatever a body holds, it becomes a rejection with a reason, and its neighbours are untouched."""
    event_id, good = _body()
    entries, rejections = triage([*map(Message, bodies), Message(good)])
    assert [entry.event_id for entry in entries] == [event_id]
    assert [rejection.body for rejection in rejections] == bodies
    assert all(rejection.reason for rejection in rejections)


def test_an_event_of_another_release_is_set_apart_with_its_type() -> None:
    """A type that this release does not know waits in quarantine for one that does."""
    _, body = _body()
    _, (rejected,) = triage([Message(body.replace(b"registrado.v1", b"registrado.v2"))])
    assert rejected.reason == "UnknownEvent: br.caixa.lancamento.registrado.v2"


def test_a_value_that_no_entry_can_have_is_set_apart() -> None:
    """What fluxo can never have recorded is not added to any balance."""
    entries, rejections = triage([Message(_body(MAIOR_VALOR)[1]), Message(_body(MAIOR_VALOR + 1)[1])])
    assert (len(entries), len(rejections)) == (1, 1)


@given(st.binary(), st.none() | st.text(), st.dictionaries(st.text(), st.binary() | st.integers() | st.text()), st.text())
def test_a_rejection_fits_its_columns_and_repeats_itself(
    body: bytes, message_id: str | None, headers: dict[str, object], reason: str
) -> None:
    """The same message is rejected under the same id, in text that a utf8mb4 column takes."""
    message = Message(body=body, headers=headers, message_id=message_id)
    first, second = rejection(message, reason), rejection(message, "other")
    assert first.id == second.id
    assert len(first.headers.encode()) <= 4 * TEXT_LIMIT
    assert len(first.reason.encode()) <= 4 * TEXT_LIMIT


def test_what_is_too_large_to_keep_is_kept_in_part() -> None:
    """A giant message cannot make the quarantine itself refuse it."""
    rejected = rejection(Message(body=b"x" * (BODY_LIMIT + 1), headers={"h": "y" * 10**6}, message_id="m" * 10**5), "z" * 10**6)
    assert len(rejected.body) == BODY_LIMIT
    assert len(rejected.headers) == len(rejected.reason) == TEXT_LIMIT
    assert rejected.event_id is None


def test_a_batch_names_the_traces_that_it_continues() -> None:
    """Valid traceparent headers are told once each, in order; others, and none, are passed over."""
    one, two = (f"00-{digit * 32}-{digit * 16}-01" for digit in "ab")
    headers: list[dict[str, object]] = [{"traceparent": one}, {}, {"traceparent": "x"}, {"traceparent": two}, {"traceparent": one}]
    assert traceparents(Message(b"", headers=header) for header in headers) == [one, two]


BRL = TotaisDoDia(moeda="BRL", total_creditos=1, total_debitos=MAIOR_SOMA, quantidade=2)
RECEIPT = DiaFechado(
    id=UUID(int=1),
    comerciante_id=UUID(int=2),
    data=date(2026, 11, 23),
    totais=(BRL,),
    hash="0" * 64,
    hash_anterior=None,
    fechado_em=datetime(2026, 11, 24, tzinfo=UTC),
)


def _receipt(**changes: object) -> Message:
    told = msgspec.structs.replace(RECEIPT, **changes)
    return Message(encode(told, event_id=told.id, time=told.fechado_em, source="/fluxo"))


def test_a_receipt_is_a_closing() -> None:
    """A closed day's totals, up to the largest that a column holds, and its hashes are taken as they are."""
    (event,), rejections = triage([_receipt(hash_anterior="f" * 64)])
    assert isinstance(event, Closing)
    assert (event.fechamento.totais, rejections) == ((BRL,), [])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"totais": (BRL, BRL)}, "a currency twice"),
        ({"totais": (msgspec.structs.replace(BRL, total_debitos=MAIOR_SOMA + 1),)}, "above"),
        ({"totais": (msgspec.structs.replace(BRL, quantidade=-1),)}, "totals from 0"),
        ({"hash": "0" * 63}, "no SHA-256"),
        ({"hash": "A" * 64}, "no SHA-256"),
        ({"hash_anterior": "0" * 65}, "no SHA-256"),
    ],
)
def test_a_receipt_that_cannot_be_compared_is_set_apart(changes: dict[str, object], reason: str) -> None:
    """What no column or comparison could hold waits in quarantine, with why, and its neighbours are untouched."""
    events, (rejected,) = triage([_receipt(), _receipt(**changes), _receipt()])
    assert len(events) == 2
    assert reason in rejected.reason
