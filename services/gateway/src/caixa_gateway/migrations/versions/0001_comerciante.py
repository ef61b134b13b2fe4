"""Merchants and their credentials."""

from alembic import op
from sqlalchemy import Column, String

from caixa_comum.columns import UtcMicros, Uuid16, ascii_text

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the merchants' table; a credential is found by its client id."""
    op.create_table(
        "comerciante",
        Column("id", Uuid16(), primary_key=True),
        Column("nome", String(140), nullable=False),
        Column("fuso", ascii_text(64), nullable=False),
        Column("client_id", ascii_text(64), nullable=False, unique=True),
        Column("secret_hash", ascii_text(255), nullable=False),
        Column("criado_em", UtcMicros(), nullable=False),
        Column("desativado_em", UtcMicros(), nullable=True),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
    )
