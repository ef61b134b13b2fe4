"""What each of fluxo's processes is told by its environment."""

import msgspec

from caixa_comum.settings import BrokerSettings, ConfigurationError, DatabaseSettings, ServerSettings, TokenSettings


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`caixa-fluxo api`: no broker, because entries are recorded without one."""

    server: ServerSettings
    database: DatabaseSettings
    tokens: TokenSettings
    group_commit_rows: int = 100
    group_commit_wait_seconds: float = 0.002

    def __post_init__(self) -> None:
        if not 1 <= self.group_commit_rows <= 1000:  # noqa: PLR2004 # said in the message
            raise ConfigurationError("CAIXA_GROUP_COMMIT_ROWS", "must be a whole number from 1 (one transaction per request) to 1000")
        if not 0 <= self.group_commit_wait_seconds <= 1:
            raise ConfigurationError("CAIXA_GROUP_COMMIT_WAIT_SECONDS", "must be a number of seconds from 0 to 1")


class RelaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """`caixa-fluxo relay`."""

    server: ServerSettings
    database: DatabaseSettings
    broker: BrokerSettings
    relay_batch: int = 500
    relay_poll_seconds: float = 0.05

    def __post_init__(self) -> None:
        if not 1 <= self.relay_batch <= 5000:  # noqa: PLR2004 # said in the message
            raise ConfigurationError("CAIXA_RELAY_BATCH", "must be a whole number from 1 to 5000")
        if not 0.001 <= self.relay_poll_seconds <= 60:  # noqa: PLR2004 # said in the message
            raise ConfigurationError("CAIXA_RELAY_POLL_SECONDS", "must be a number of seconds from 0.001 to 60")
