"""Events of entries as fluxo publishes them, and the balances as root sees them."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import msgspec
from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractExchange

from caixa_comum.broker import connect
from caixa_comum.dominio import Tipo
from caixa_comum.events import CONTENT_TYPE, DIA_FECHADO, LANCAMENTO_REGISTRADO, DiaFechado, LancamentoRegistrado, TotaisDoDia, encode
from caixa_comum.identifiers import uuid7
from caixa_comum.topology import EXCHANGE
from caixa_saldo.deltas import summed
from caixa_saldo.messages import Message as Received
from tests.local.broker import Broker
from tests.local.database import Database

DIA = date(2026, 11, 23)


def entry(  # every part of an entry may matter to some test
    comerciante_id: UUID | None = None,
    valor: int = 100,
    *,
    tipo: Tipo = Tipo.CREDITO,
    moeda: str = "BRL",
    data: date = DIA,
    registrado_em: datetime | None = None,
) -> LancamentoRegistrado:
    """Give an entry, of a new merchant unless told whose."""
    return LancamentoRegistrado(
        id=uuid7(),
        comerciante_id=comerciante_id or uuid4(),
        tipo=tipo,
        valor=valor,
        moeda=moeda,
        data=data,
        registrado_em=registrado_em or datetime.now(UTC),
    )


def body_of(lancamento: LancamentoRegistrado) -> bytes:
    """Give the event's body."""
    return encode(lancamento, event_id=lancamento.id, time=lancamento.registrado_em, source="/fluxo")


def received(lancamento: LancamentoRegistrado) -> Received:
    """Give the event as the consumer hands it to the applier."""
    return Received(body=body_of(lancamento), message_id=str(lancamento.id))


def closing(lancamentos: Sequence[LancamentoRegistrado], comerciante_id: UUID | None = None, data: date = DIA) -> DiaFechado:
    """Give the receipt of a merchant's day that holds exactly these entries."""
    totais = [
        TotaisDoDia(moeda=delta.moeda, total_creditos=delta.creditos, total_debitos=delta.debitos, quantidade=delta.quantidade)
        for delta in sorted(summed(lancamentos), key=lambda delta: delta.moeda)
    ]
    return DiaFechado(
        id=uuid7(),
        comerciante_id=comerciante_id or lancamentos[0].comerciante_id,
        data=data,
        totais=tuple(totais),
        hash="0" * 64,
        hash_anterior=None,
        fechado_em=datetime.now(UTC),
    )


def closing_received(fechamento: DiaFechado) -> Received:
    """Give the receipt as the consumer hands it to the applier."""
    return Received(body=closing_body(fechamento), message_id=str(fechamento.id))


def closing_body(fechamento: DiaFechado) -> bytes:
    """Give the receipt's event as fluxo publishes it."""
    return encode(fechamento, event_id=fechamento.id, time=fechamento.fechado_em, source="/fluxo")


async def publish_closing(broker: Broker, fechamento: DiaFechado) -> None:
    """Publish a receipt as fluxo's relay does."""
    await publish(broker, [(str(fechamento.id), closing_body(fechamento))], routing_key=DIA_FECHADO)


async def publish(broker: Broker, bodies: Iterable[tuple[str, bytes]], *, routing_key: str = LANCAMENTO_REGISTRADO) -> None:
    """Publish messages (id, body) as fluxo's user, all at once as the relay does; all are confirmed by the broker on return."""
    connection = await connect(broker.settings("fluxo"), "test")
    async with connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        exchange: AbstractExchange = await channel.get_exchange(EXCHANGE, ensure=False)
        messages = [
            Message(body, message_id=message_id, content_type=CONTENT_TYPE, delivery_mode=DeliveryMode.PERSISTENT)
            for message_id, body in bodies
        ]
        await asyncio.gather(*(exchange.publish(message, routing_key, mandatory=True) for message in messages))


async def publish_entries(broker: Broker, lancamentos: Iterable[LancamentoRegistrado]) -> None:
    """Publish entries as fluxo's relay does."""
    await publish(broker, [(str(lancamento.id), body_of(lancamento)) for lancamento in lancamentos])


class Stored(msgspec.Struct, frozen=True):
    """A row of `saldo_diario`, as far as most tests look."""

    total_creditos: int
    total_debitos: int
    quantidade: int


def stored(mysql: Database) -> dict[tuple[UUID, str, date], Stored]:
    """Give all balances."""
    rows = mysql.query(
        "SELECT comerciante_id, moeda, data, total_creditos, total_debitos, quantidade FROM saldo_diario", schema="caixa_saldo"
    )
    return {(UUID(bytes=bytes(merchant)), moeda, data): Stored(*totals) for merchant, moeda, data, *totals in rows}


def count(mysql: Database, table: str) -> int:
    """Count the rows of one of saldo's tables."""
    return int(mysql.query(f"SELECT COUNT(*) FROM {table}", schema="caixa_saldo")[0][0])  # noqa: S608 (a test's own literal)
