"""What makes an entry acceptable and what it becomes, with all that zones have done to midnight."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caixa_comum.dominio import MOEDAS, Tipo, hoje
from caixa_fluxo.lancamento import NovoEstorno, NovoLancamento, Registro, view
from caixa_fluxo.rules import PRIMEIRO_DIA, RELOGIO_ADIANTADO, estorno, registro, violations

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
ID, MERCHANT = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 11, 23, 15, tzinfo=UTC)
zones = st.sampled_from(
    ["America/Sao_Paulo", "America/Noronha", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "Africa/Cairo"]
)
instants = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 # zone beside it

# The first instant of a business day in São Paulo, and the day: 2018-11-04 began at 01:00, since midnight did not exist;
# 2018-02-17 had 25 hours; 2019-02-17 began an hour late by the clock of the day before, and since then the offset is -03.
MIDNIGHTS = [
    (datetime(2018, 11, 4, 3, tzinfo=UTC), date(2018, 11, 4)),
    (datetime(2018, 11, 5, 2, tzinfo=UTC), date(2018, 11, 5)),
    (datetime(2018, 2, 17, 2, tzinfo=UTC), date(2018, 2, 17)),
    (datetime(2018, 2, 18, 3, tzinfo=UTC), date(2018, 2, 18)),
    (datetime(2019, 2, 16, 2, tzinfo=UTC), date(2019, 2, 16)),
    (datetime(2019, 2, 17, 3, tzinfo=UTC), date(2019, 2, 17)),
    (datetime(2019, 11, 3, 3, tzinfo=UTC), date(2019, 11, 3)),
    (datetime(2026, 11, 24, 3, tzinfo=UTC), date(2026, 11, 24)),
]


def novo(**fields: object) -> NovoLancamento:
    """Give a request for R$ 1,00 with these fields."""
    return NovoLancamento(**{"tipo": Tipo.CREDITO, "valor": 100, **fields})  # type: ignore[arg-type] # a test's own fields


def recorded(request: NovoLancamento, agora: datetime, fuso: ZoneInfo = SAO_PAULO) -> Registro:
    """Give the entry that a request becomes."""
    return registro(request, id=ID, comerciante_id=MERCHANT, fuso=fuso, agora=agora)


def pointers(request: NovoLancamento, agora: datetime, fuso: ZoneInfo = SAO_PAULO) -> list[str]:
    """Give what is pointed at in a request."""
    return [erro.ponteiro for erro in violations(request, fuso=fuso, agora=agora)]


@pytest.mark.parametrize(("first", "day"), MIDNIGHTS)
def test_an_entry_without_a_day_gets_the_merchants(first: datetime, day: date) -> None:
    """Up to the last microsecond it is the day before, from the first on the day itself: whatever the zone did to that midnight."""
    assert recorded(novo(), first).data == day
    assert recorded(novo(), first - timedelta(microseconds=1)).data == day - timedelta(days=1)


@pytest.mark.parametrize(("first", "day"), MIDNIGHTS)
def test_a_day_is_in_the_future_until_it_begins(first: datetime, day: date) -> None:
    """An entry for it is refused a microsecond before, with a pointer to its day, and accepted when it has begun."""
    assert pointers(novo(data=day), first - timedelta(microseconds=1)) == ["#/data"]
    assert pointers(novo(data=day), first) == []


def test_a_sale_late_in_the_evening_is_of_that_day() -> None:
    """21:30 in São Paulo is the next day in UTC, and is not dated there: neither by default nor by the merchant."""
    late = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
    assert recorded(novo(), late).data == date(2026, 11, 23)
    assert pointers(novo(data=date(2026, 11, 24)), late) == ["#/data"]


@given(zones.map(ZoneInfo), instants, st.integers(-40_000, 40_000))
def test_exactly_days_from_1900_to_today_are_accepted(fuso: ZoneInfo, agora: datetime, days: int) -> None:
    """Backdating has no other limit, and the future none at all: by the merchant's calendar, whatever the zone."""
    today = hoje(fuso, agora)
    day = today + timedelta(days=days)
    accepted = PRIMEIRO_DIA <= day <= today
    assert pointers(novo(data=day), agora, fuso) == ([] if accepted else ["#/data"])


@given(zones.map(ZoneInfo), instants)
def test_what_is_recorded_now_is_never_refused_for_its_day(fuso: ZoneInfo, agora: datetime) -> None:
    """The day that an entry gets by default is a day that a merchant may also write."""
    assert pointers(novo(data=recorded(novo(), agora, fuso).data), agora, fuso) == []


@given(st.timedeltas(timedelta(days=-50_000), timedelta(days=1000)))
def test_an_instant_may_be_minutes_ahead_and_no_older_than_1900(distance: timedelta) -> None:
    """A clock that runs ahead is forgiven for five minutes."""
    instant = NOON + distance
    accepted = datetime(1900, 1, 1, tzinfo=UTC) <= instant <= NOON + RELOGIO_ADIANTADO
    assert pointers(novo(ocorrido_em=instant), NOON) == ([] if accepted else ["#/ocorrido_em"])


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3))
def test_only_currencies_of_the_iso_are_accepted(moeda: str) -> None:
    """Three letters are not yet a currency."""
    assert pointers(novo(moeda=moeda), NOON) == ([] if moeda in MOEDAS else ["#/moeda"])


def test_everything_that_is_wrong_is_named_at_once_below_the_pointer_given() -> None:
    """One answer names all, for one entry of a list as for a single one."""
    wrong = novo(moeda="XXX", data=date(2026, 11, 24), ocorrido_em=NOON + timedelta(hours=1))
    found = [erro.ponteiro for erro in violations(wrong, fuso=SAO_PAULO, agora=NOON, pointer="#/3")]
    assert found == ["#/3/moeda", "#/3/data", "#/3/ocorrido_em"]


def test_an_entry_keeps_what_was_said_and_instants_in_utc() -> None:
    """Text, metadata and value are as sent; the instant is the same instant."""
    said = datetime(2026, 11, 23, 11, 59, tzinfo=SAO_PAULO)
    entry = recorded(novo(valor=7, ocorrido_em=said, descricao="d", referencia_externa="r", metadados={"a": "b"}), NOON)
    assert (entry.ocorrido_em, entry.ocorrido_em and entry.ocorrido_em.tzinfo) == (said, UTC)
    assert (entry.valor, entry.descricao, entry.referencia_externa, entry.metadados) == (7, "d", "r", {"a": "b"})
    assert (entry.registrado_em, entry.estorna_id) == (NOON, None)


@given(st.sampled_from(Tipo), st.integers(1, 2**53 - 1), st.integers(0, 60), st.none() | st.integers(0, 60))
def test_an_estorno_undoes_exactly_and_leaves_closed_days_alone(tipo: Tipo, valor: int, age: int, closed_age: int | None) -> None:
    """The opposite of the same value and currency, on the entry's own day while that is open, else today: never on a closed day."""
    today = hoje(SAO_PAULO, NOON)
    day = today - timedelta(days=age)
    fechado_ate = None if closed_age is None else today - timedelta(days=closed_age + 1)
    original = view(recorded(novo(tipo=tipo, valor=valor, moeda="USD", data=day), NOON))
    undone = estorno(
        original, NovoEstorno(descricao="troca"), id=ID, comerciante_id=MERCHANT, fechado_ate=fechado_ate, fuso=SAO_PAULO, agora=NOON
    )
    assert (undone.tipo, undone.valor, undone.moeda, undone.estorna_id) == (tipo.oposto, valor, "USD", original.id)
    assert undone.data == (today if fechado_ate is not None and day <= fechado_ate else day)
    assert fechado_ate is None or undone.data > fechado_ate
    assert (undone.descricao, undone.referencia_externa, undone.metadados, undone.ocorrido_em) == ("troca", None, {}, None)


@pytest.mark.parametrize(("first", "day"), MIDNIGHTS)
def test_the_estorno_of_a_closed_days_entry_is_of_the_merchants_today(first: datetime, day: date) -> None:
    """Also around a midnight that did not exist or came late."""
    original = view(recorded(novo(data=day - timedelta(days=9)), first))
    for agora, today in ((first, day), (first - timedelta(microseconds=1), day - timedelta(days=1))):
        undone = estorno(original, NovoEstorno(), id=ID, comerciante_id=MERCHANT, fechado_ate=original.data, fuso=SAO_PAULO, agora=agora)
        assert undone.data == today
