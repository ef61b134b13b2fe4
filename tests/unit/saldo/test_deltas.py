"""What a batch adds to the balances, against counting entry by entry."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from caixa_comum.dominio import MAIOR_SOMA, MAIOR_VALOR, Tipo
from caixa_comum.events import LancamentoRegistrado
from caixa_saldo.deltas import summed
from caixa_saldo.settings import LARGEST_BATCH

INSTANT = datetime(2026, 11, 23, 12, tzinfo=UTC)

lancamentos = st.builds(
    LancamentoRegistrado,
    id=st.uuids(),
    comerciante_id=st.integers(0, 3).map(lambda n: UUID(int=n << 100)),
    tipo=st.sampled_from(Tipo),
    valor=st.integers(1, MAIOR_VALOR),
    moeda=st.sampled_from(["BRL", "USD"]),
    data=st.dates(date(2026, 11, 20), date(2026, 11, 23)),
    registrado_em=st.integers(0, 10**6).map(lambda n: INSTANT + timedelta(microseconds=n)),
)
batches = st.lists(lancamentos, max_size=50)


@given(batches)
def test_deltas_equal_counting_entry_by_entry(batch: list[LancamentoRegistrado]) -> None:
    """Per merchant, currency and day: the sums, the count and the newest instant of its own entries, and nothing else."""
    creditos, debitos, quantidade = Counter[object](), Counter[object](), Counter[object]()
    newest: dict[object, datetime] = {}
    for item in batch:
        key = (item.comerciante_id, item.moeda, item.data)
        (creditos if item.tipo is Tipo.CREDITO else debitos)[key] += item.valor
        quantidade[key] += 1
        newest[key] = max(newest.get(key, item.registrado_em), item.registrado_em)
    found = {(delta.comerciante_id, delta.moeda, delta.data): delta for delta in summed(batch)}
    assert {key: delta.quantidade for key, delta in found.items()} == dict(quantidade)
    for key, delta in found.items():
        assert (delta.creditos, delta.debitos, delta.atualizado_em) == (creditos[key], debitos[key], newest[key])


@given(batches)
def test_deltas_come_in_the_order_in_which_every_consumer_locks(batch: list[LancamentoRegistrado]) -> None:
    """Keys are strictly ascending as the database compares them: byte by byte for merchants and currencies."""
    keys = [(delta.comerciante_id.bytes, delta.moeda.encode(), delta.data) for delta in summed(batch)]
    assert keys == sorted(set(keys))


@given(batches, st.randoms())
def test_the_order_of_messages_does_not_matter(batch: list[LancamentoRegistrado], random: object) -> None:
    """However the broker interleaves merchants, the deltas are the same."""
    shuffled = list(batch)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert summed(shuffled) == summed(batch)


def test_the_largest_batch_of_the_largest_entries_fits_a_bigint() -> None:
    """No batch by itself can overflow a column: only what a day holds already can make one be refused."""
    merchant = uuid4()
    item = LancamentoRegistrado(
        id=uuid4(),
        comerciante_id=merchant,
        tipo=Tipo.DEBITO,
        valor=MAIOR_VALOR,
        moeda="BRL",
        data=date(2026, 11, 23),
        registrado_em=INSTANT,
    )
    (delta,) = summed([item] * LARGEST_BATCH)
    assert delta.debitos <= MAIOR_SOMA
