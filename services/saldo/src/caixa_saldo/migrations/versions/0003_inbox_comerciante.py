"""Whose each event is, so that `?apos=` tells a merchant of its own entries only."""

from alembic import op
from sqlalchemy import Column

from caixa_comum.columns import Uuid16

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column, empty for the events of before: a change of the table's description alone (INSTANT), however many there are."""
    op.add_column("inbox", Column("comerciante_id", Uuid16(), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("inbox", "comerciante_id")
