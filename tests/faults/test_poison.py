"""A message that can never be applied, in the middle of a batch."""

from uuid import UUID, uuid4

import pytest

from caixa_comum.dominio import MAIOR_VALOR
from tests.faults.invariants import Balances, broken, settle
from tests.faults.services import Platform
from tests.integration.saldo.entries import DIA, Stored, body_of, entry, publish
from tests.local.waiting import eventually

FULL = UUID(int=7)
LARGEST_TOTAL = 2**63 - 1


def _unreadable() -> tuple[UUID, bytes, Balances]:
    return uuid4(), b'{"specversion": "1.0", ', {}


def _refused_by_the_database() -> tuple[UUID, bytes, Balances]:
    overflowing = entry(FULL, MAIOR_VALOR)
    return overflowing.id, body_of(overflowing), {(FULL, "BRL", DIA): Stored(LARGEST_TOTAL, 0, 1)}


@pytest.mark.parametrize("poison", [_unreadable(), _refused_by_the_database()], ids=["unreadable", "refused by the database"])
async def test_one_poison_in_a_batch_of_two_hundred_is_set_apart_alone(platform: Platform, poison: tuple[UUID, bytes, Balances]) -> None:
    """199 entries are applied and one message is in quarantine, from one batch; the queue is empty and nothing is parked."""
    poison_id, body, before = poison
    for (comerciante_id, moeda, data), total in before.items():
        platform.database.query(
            "INSERT INTO saldo_diario VALUES (%s, %s, %s, %s, %s, %s, UTC_TIMESTAMP(6))",
            *(comerciante_id.bytes, moeda, data, total.total_creditos, total.total_debitos, total.quantidade),
            schema="caixa_saldo",
        )
    merchant = uuid4()
    entries = [entry(merchant, valor) for valor in range(1, 200)]
    messages = [(str(lancamento.id), body_of(lancamento)) for lancamento in entries]
    messages.insert(77, (str(poison_id), body))
    await publish(platform.broker, messages)
    consumer = platform.consumer(prefetch=200, batch=200, batch_window_seconds=5)

    async def one_quarantined() -> bool:
        return await consumer.metric("caixa_saldo_quarantined_total") == 1

    await eventually("a message is in quarantine", one_quarantined)
    assert await consumer.metric("caixa_saldo_batch_size_count") == 1
    assert await consumer.metric("caixa_saldo_batch_size_sum") == 200
    await settle(platform, 199)
    assert await broken(platform, entries, before=before, quarantined={poison_id}) == {}
