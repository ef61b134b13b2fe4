"""What saldo's processes are told by their environment."""

from typing import Final

import msgspec

from caixa_comum.settings import BrokerSettings, ConfigurationError, DatabaseSettings, ServerSettings, TokenSettings, url_parts

LARGEST_BATCH: Final = 1000
"""So many entries of the largest value (2**53 - 1) still add up to less than a BIGINT holds."""
LARGEST_PREFETCH: Final = 65_535
LONGEST_WINDOW_SECONDS: Final = 5.0
LONGEST_PATIENCE_SECONDS: Final = 3600.0


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The API of balances."""

    server: ServerSettings
    database: DatabaseSettings
    tokens: TokenSettings


class ConsumerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The consumer: how many messages the broker may have under way, and how many make a batch, after how many seconds at the latest."""

    server: ServerSettings
    database: DatabaseSettings
    broker: BrokerSettings
    prefetch: int = 200
    batch: int = 200
    batch_window_seconds: float = 0.05

    def __post_init__(self) -> None:
        """Refuse what cannot work. Raises ConfigurationError."""
        if not 1 <= self.batch <= LARGEST_BATCH:
            raise ConfigurationError("CAIXA_BATCH", f"must be a whole number from 1 to {LARGEST_BATCH}")
        if not self.batch <= self.prefetch <= LARGEST_PREFETCH:
            raise ConfigurationError("CAIXA_PREFETCH", f"must be a whole number from CAIXA_BATCH ({self.batch}) to {LARGEST_PREFETCH}")
        if not 0 <= self.batch_window_seconds <= LONGEST_WINDOW_SECONDS:
            raise ConfigurationError("CAIXA_BATCH_WINDOW_SECONDS", f"must be a number of seconds from 0 to {LONGEST_WINDOW_SECONDS:g}")


class ReplaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """The replay of what was set apart: the consumer's own database and broker."""

    server: ServerSettings
    database: DatabaseSettings
    broker: BrokerSettings


class ReconciliationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The proof that balances equal entries: saldo's schema, fluxo's at the same user, and how long entries may be under way.

    `metrics_file`, where given, is written in Prometheus's text format for a textfile collector.
    """

    server: ServerSettings
    database: DatabaseSettings
    fluxo_database_url: str
    patience_seconds: float = 60.0
    metrics_file: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot work. Raises ConfigurationError."""
        url_parts("CAIXA_FLUXO_DATABASE_URL", self.fluxo_database_url, schemes=("mysql",), example="mysql://mysql:3306/caixa_fluxo")
        if not 0 <= self.patience_seconds <= LONGEST_PATIENCE_SECONDS:
            raise ConfigurationError("CAIXA_PATIENCE_SECONDS", f"must be a number of seconds from 0 to {LONGEST_PATIENCE_SECONDS:g}")
