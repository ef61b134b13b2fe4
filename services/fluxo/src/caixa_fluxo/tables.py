"""The tables of the schema `caixa_fluxo`, as SQLAlchemy Core sees them; the migrations own their form."""

from sqlalchemy import JSON, BigInteger, Column, Date, MetaData, SmallInteger, String, Table
from sqlalchemy.dialects.mysql import BINARY, MEDIUMBLOB

from caixa_comum.columns import UtcMicros, Uuid16, ascii_text
from caixa_fluxo.exact_text import ExactText

metadata = MetaData()

lancamento = Table(
    "lancamento",
    metadata,
    Column("id", Uuid16(), primary_key=True),
    Column("comerciante_id", Uuid16(), nullable=False),
    Column("tipo", ascii_text(7), nullable=False),
    Column("valor", BigInteger, nullable=False),
    Column("moeda", ascii_text(3), nullable=False),
    Column("data", Date, nullable=False),
    Column("ocorrido_em", UtcMicros(), nullable=True),
    Column("registrado_em", UtcMicros(), nullable=False),
    Column("descricao", String(140), nullable=True),
    Column("referencia_externa", ExactText(100), nullable=True),
    Column("metadados", JSON, nullable=False),
    Column("estorna_id", Uuid16(), nullable=True),
)
"""The truth: one immutable row per entry; `valor` in minor units, its sign carried by `tipo`."""

idempotencia = Table(
    "idempotencia",
    metadata,
    Column("comerciante_id", Uuid16(), primary_key=True),
    Column("chave", ExactText(255, ascii_only=True), primary_key=True),
    Column("registro_id", Uuid16(), nullable=False),
    Column("impressao", BINARY(32), nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("corpo", MEDIUMBLOB, nullable=False),
    Column("location", ascii_text(255), nullable=True),
    Column("created_at", UtcMicros(), nullable=False),
)
"""The answer under each merchant's Idempotency-Key, committed with what it answers; `impressao` is the request's SHA-256."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("event_id", Uuid16(), nullable=False),
    Column("routing_key", ascii_text(100), nullable=False),
    Column("payload", MEDIUMBLOB, nullable=False),
    Column("traceparent", ascii_text(55), nullable=True),
    Column("created_at", UtcMicros(), nullable=False),
)
"""Events that the broker has not confirmed yet: a row leaves only by DELETE, after its confirm."""

fechamento = Table(
    "fechamento",
    metadata,
    Column("id", Uuid16(), primary_key=True),
    Column("comerciante_id", Uuid16(), nullable=False),
    Column("data", Date, nullable=False),
    Column("totais", JSON, nullable=False),
    Column("hash", BINARY(32), nullable=False),
    Column("hash_anterior", BINARY(32), nullable=True),
    Column("fechado_em", UtcMicros(), nullable=False),
)
"""The receipt of each closed day: one row per merchant and day, immutable."""

fechamento_estado = Table(
    "fechamento_estado",
    metadata,
    Column("comerciante_id", Uuid16(), primary_key=True),
    Column("fechado_ate", Date, nullable=True),
)
"""The last closed day, one row per merchant: what records entries locks it shared, what closes a day locks it alone."""
