"""The tables of the schema `caixa_saldo`, as SQLAlchemy Core sees them; the migrations own their form."""

from sqlalchemy import BigInteger, Column, Date, Integer, MetaData, Table
from sqlalchemy.dialects.mysql import MEDIUMBLOB, TEXT

from caixa_comum.columns import UtcMicros, Uuid16, ascii_text

metadata = MetaData()

saldo_diario = Table(
    "saldo_diario",
    metadata,
    Column("comerciante_id", Uuid16(), primary_key=True),
    Column("moeda", ascii_text(3), primary_key=True),
    Column("data", Date, primary_key=True),
    Column("total_creditos", BigInteger, nullable=False),
    Column("total_debitos", BigInteger, nullable=False),
    Column("quantidade", BigInteger, nullable=False),
    Column("atualizado_em", UtcMicros(), nullable=False),
)
"""Totals per merchant, currency and business day, in minor units; `atualizado_em` is the newest entry's `registrado_em`."""

inbox = Table(
    "inbox",
    metadata,
    Column("event_id", Uuid16(), primary_key=True),
    Column("batch_id", Uuid16(), nullable=False),
    Column("applied_at", UtcMicros(), nullable=False),
    Column("comerciante_id", Uuid16(), nullable=True),
)
"""The events that the balances include: written in the transaction that adds them, so that none counts twice.

Of events from before the column `comerciante_id` it is not known whose they are.
"""

fechamento_recebido = Table(
    "fechamento_recebido",
    metadata,
    Column("comerciante_id", Uuid16(), primary_key=True),
    Column("data", Date, primary_key=True),
    Column("event_id", Uuid16(), primary_key=True),
    Column("totais", MEDIUMBLOB, nullable=False),
    Column("hash", ascii_text(64), nullable=False),
    Column("hash_anterior", ascii_text(64), nullable=True),
    Column("fechado_em", UtcMicros(), nullable=False),
    Column("recebido_em", UtcMicros(), nullable=False),
    Column("conferido_em", UtcMicros(), nullable=True),
)
"""Receipts of closed days as fluxo sent them (`totais` in JSON); `conferido_em` is when the balances were first found equal to it.

The event is part of the key, so that two receipts of one day would both be kept, and contradict each other in the open.
"""

quarentena = Table(
    "quarentena",
    metadata,
    Column("id", Uuid16(), primary_key=True),
    Column("event_id", Uuid16(), nullable=True),
    Column("body", MEDIUMBLOB, nullable=False),
    Column("headers", TEXT(charset="utf8mb4"), nullable=False),
    Column("reason", TEXT(charset="utf8mb4"), nullable=False),
    Column("received_at", UtcMicros(), nullable=False),
    Column("times", Integer, nullable=False),
)
"""Messages that could not be applied; `id` comes from the message itself, so that a redelivery only counts up `times`."""
