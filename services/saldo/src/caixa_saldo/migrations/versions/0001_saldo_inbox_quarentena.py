"""Daily balances, the inbox that keeps each event from counting twice, and the quarantine."""

from alembic import op
from sqlalchemy import BigInteger, Column, Date, Integer
from sqlalchemy.dialects.mysql import MEDIUMBLOB, TEXT

from caixa_comum.columns import UtcMicros, Uuid16, ascii_text

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the three tables; clustered by exactly the keys that the consumer and the reads use."""
    op.create_table(
        "saldo_diario",
        Column("comerciante_id", Uuid16(), primary_key=True),
        Column("moeda", ascii_text(3), primary_key=True),
        Column("data", Date, primary_key=True),
        Column("total_creditos", BigInteger, nullable=False),
        Column("total_debitos", BigInteger, nullable=False),
        Column("quantidade", BigInteger, nullable=False),
        Column("atualizado_em", UtcMicros(), nullable=False),
        mysql_engine="InnoDB",
    )
    op.create_table(
        "inbox",
        Column("event_id", Uuid16(), primary_key=True),
        Column("batch_id", Uuid16(), nullable=False),
        Column("applied_at", UtcMicros(), nullable=False),
        mysql_engine="InnoDB",
    )
    op.create_table(
        "quarentena",
        Column("id", Uuid16(), primary_key=True),
        Column("event_id", Uuid16(), nullable=True),
        Column("body", MEDIUMBLOB, nullable=False),
        Column("headers", TEXT(charset="utf8mb4"), nullable=False),
        Column("reason", TEXT(charset="utf8mb4"), nullable=False),
        Column("received_at", UtcMicros(), nullable=False),
        Column("times", Integer, nullable=False),
        mysql_engine="InnoDB",
    )


def downgrade() -> None:
    """Drop what `upgrade` made; the balances can be derived again from the entries."""
    op.drop_table("quarentena")
    op.drop_table("inbox")
    op.drop_table("saldo_diario")
