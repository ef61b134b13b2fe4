"""Closed days, and the indices of the newest-first list."""

from alembic import op
from sqlalchemy import JSON, Column, Date, UniqueConstraint
from sqlalchemy.dialects.mysql import BINARY

from caixa_comum.columns import UtcMicros, Uuid16

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create `fechamento` and its lock row's table; the list by day and currency takes the place of the one by id, which nothing reads.

    InnoDB ends every secondary index with the primary key, so that (merchant, day) is the list's own order: day, then id.
    """
    op.create_table(
        "fechamento",
        Column("id", Uuid16(), primary_key=True),
        Column("comerciante_id", Uuid16(), nullable=False),
        Column("data", Date, nullable=False),
        Column("totais", JSON, nullable=False),
        Column("hash", BINARY(32), nullable=False),
        Column("hash_anterior", BINARY(32), nullable=True),
        Column("fechado_em", UtcMicros(), nullable=False),
        UniqueConstraint("comerciante_id", "data", name="uq_fechamento_dia"),
        mysql_engine="InnoDB",
    )
    op.create_table(
        "fechamento_estado",
        Column("comerciante_id", Uuid16(), primary_key=True),
        Column("fechado_ate", Date, nullable=True),
        mysql_engine="InnoDB",
    )
    op.create_index("ix_lancamento_moeda", "lancamento", ["comerciante_id", "moeda", "data"])
    op.drop_index("ix_lancamento_comerciante", "lancamento")


def downgrade() -> None:
    """Drop what `upgrade` made, receipts included: only for a database that has closed nothing yet."""
    op.create_index("ix_lancamento_comerciante", "lancamento", ["comerciante_id", "id"])
    op.drop_index("ix_lancamento_moeda", "lancamento")
    op.drop_table("fechamento_estado")
    op.drop_table("fechamento")
