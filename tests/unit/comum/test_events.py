"""Events: what one service writes, the other reads; what is no event is told apart from what is unknown."""

from datetime import UTC, date, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caixa_comum.dominio import MAIOR_VALOR, Tipo
from caixa_comum.events import (
    DIA_FECHADO,
    LANCAMENTO_REGISTRADO,
    DiaFechado,
    InvalidEvent,
    LancamentoRegistrado,
    TotaisDoDia,
    UnknownEvent,
    decode,
    encode,
)

ENTRIES = st.builds(
    LancamentoRegistrado,
    id=st.uuids(),
    comerciante_id=st.uuids(),
    tipo=st.sampled_from(Tipo),
    valor=st.integers(1, MAIOR_VALOR),
    moeda=st.sampled_from(["BRL", "USD", "JPY"]),
    data=st.dates(date(1900, 1, 1)),
    registrado_em=st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  bounds are naive
    estorna_id=st.none() | st.uuids(),
)


def encoded(entry: LancamentoRegistrado) -> bytes:
    """Give an entry as its event."""
    return encode(entry, event_id=entry.id, time=entry.registrado_em, source="/fluxo")


@given(ENTRIES)
def test_an_event_survives_the_journey(entry: LancamentoRegistrado) -> None:
    """Every entry comes out as it went in, and its event has its id."""
    event = decode(encoded(entry))
    assert event.data == entry
    assert (event.id, event.type) == (entry.id, LANCAMENTO_REGISTRADO)


def changed(**members: object) -> bytes:
    """Give a good event with members of its envelope replaced."""
    entry = LancamentoRegistrado(
        id=UUID(int=1),
        comerciante_id=UUID(int=2),
        tipo=Tipo.DEBITO,
        valor=1,
        moeda="BRL",
        data=date(2026, 11, 23),
        registrado_em=datetime(2026, 11, 23, tzinfo=UTC),
    )
    return msgspec.json.encode(msgspec.json.decode(encoded(entry)) | members)


def test_an_event_of_another_release_is_unknown() -> None:
    """A type that this release does not know is neither applied nor taken for damage."""
    with pytest.raises(UnknownEvent):
        decode(changed(type="br.caixa.lancamento.registrado.v2"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        changed(specversion="0.3"),
        changed(data={"valor": 1}),
        changed(id="x"),
        changed(data=None),
    ],
)
def test_damage_is_an_invalid_event(body: bytes) -> None:
    """What is no event is refused as such, and nothing else is raised."""
    with pytest.raises(InvalidEvent):
        decode(body)


@given(st.binary(max_size=300))
def test_no_bytes_make_decoding_fault(body: bytes) -> None:
    """Whatever a queue holds, decoding ends in one of the two refusals."""
    with pytest.raises((InvalidEvent, UnknownEvent)):
        decode(body)


TOTALS = st.builds(
    TotaisDoDia,
    moeda=st.sampled_from(["BRL", "USD"]),
    total_creditos=st.integers(0, MAIOR_VALOR),
    total_debitos=st.integers(0, MAIOR_VALOR),
    quantidade=st.integers(0, 10**9),
)


@given(
    st.builds(
        DiaFechado,
        id=st.uuids(),
        comerciante_id=st.uuids(),
        data=st.dates(date(1900, 1, 1)),
        totais=st.lists(TOTALS, max_size=3).map(tuple),
        hash=st.just("ab" * 32),
        hash_anterior=st.none() | st.just("cd" * 32),
        fechado_em=st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  bounds are naive
    )
)
def test_a_closing_survives_the_journey(closing: DiaFechado) -> None:
    """A closed day comes out as it went in, under its own type."""
    event = decode(encode(closing, event_id=closing.id, time=closing.fechado_em, source="/fluxo"))
    assert (event.data, event.id, event.type) == (closing, closing.id, DIA_FECHADO)
