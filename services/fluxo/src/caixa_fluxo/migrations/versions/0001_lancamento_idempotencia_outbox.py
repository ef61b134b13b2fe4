"""Entries, the answers under idempotency keys, and the outbox."""

from alembic import op
from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Date, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.dialects.mysql import BINARY, MEDIUMBLOB

from caixa_comum.columns import UtcMicros, Uuid16, ascii_text
from caixa_fluxo.exact_text import ExactText

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the three tables; `lancamento` is indexed for the newest-first list and for the sum of a day."""
    op.create_table(
        "lancamento",
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
        UniqueConstraint("comerciante_id", "referencia_externa", name="uq_lancamento_referencia"),
        UniqueConstraint("estorna_id", name="uq_lancamento_estorna"),
        CheckConstraint("tipo IN ('credito', 'debito')", name="ck_lancamento_tipo"),
        CheckConstraint("valor > 0", name="ck_lancamento_valor"),
        Index("ix_lancamento_comerciante", "comerciante_id", "id"),
        Index("ix_lancamento_dia", "comerciante_id", "data"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
    )
    op.create_table(
        "idempotencia",
        Column("comerciante_id", Uuid16(), primary_key=True),
        Column("chave", ExactText(255, ascii_only=True), primary_key=True),
        Column("registro_id", Uuid16(), nullable=False),
        Column("impressao", BINARY(32), nullable=False),
        Column("status", SmallInteger, nullable=False),
        Column("corpo", MEDIUMBLOB, nullable=False),
        Column("location", ascii_text(255), nullable=True),
        Column("created_at", UtcMicros(), nullable=False),
        Index("ix_idempotencia_created_at", "created_at"),  # what the purge walks
        mysql_engine="InnoDB",
    )
    op.create_table(
        "outbox",
        Column("id", BigInteger, primary_key=True, autoincrement=True),
        Column("event_id", Uuid16(), nullable=False),
        Column("routing_key", ascii_text(100), nullable=False),
        Column("payload", MEDIUMBLOB, nullable=False),
        Column("traceparent", ascii_text(55), nullable=True),
        Column("created_at", UtcMicros(), nullable=False),
        mysql_engine="InnoDB",
    )


def downgrade() -> None:
    """Drop what `upgrade` made, entries included: only for a database that holds nothing yet."""
    op.drop_table("outbox")
    op.drop_table("idempotencia")
    op.drop_table("lancamento")
