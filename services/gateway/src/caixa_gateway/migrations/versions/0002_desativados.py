"""Finding those disabled lately, once a second, without looking at every merchant."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Index the moment at which merchants were disabled."""
    op.create_index("desativado_em", "comerciante", ["desativado_em"])
