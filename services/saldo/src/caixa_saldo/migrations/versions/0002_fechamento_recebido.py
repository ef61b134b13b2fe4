"""Receipts of closed days, which the balances are compared with."""

from alembic import op
from sqlalchemy import Column, Date, Index
from sqlalchemy.dialects.mysql import MEDIUMBLOB

from caixa_comum.columns import UtcMicros, Uuid16, ascii_text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table; the index holds what is not found equal yet, so that watching it never walks all receipts."""
    op.create_table(
        "fechamento_recebido",
        Column("comerciante_id", Uuid16(), primary_key=True),
        Column("data", Date, primary_key=True),
        Column("event_id", Uuid16(), primary_key=True),
        Column("totais", MEDIUMBLOB, nullable=False),
        Column("hash", ascii_text(64), nullable=False),
        Column("hash_anterior", ascii_text(64), nullable=True),
        Column("fechado_em", UtcMicros(), nullable=False),
        Column("recebido_em", UtcMicros(), nullable=False),
        Column("conferido_em", UtcMicros(), nullable=True),
        Index("ix_fechamento_conferido", "conferido_em", "recebido_em"),
        mysql_engine="InnoDB",
    )


def downgrade() -> None:
    """Drop the table; fluxo keeps the receipts themselves."""
    op.drop_table("fechamento_recebido")
