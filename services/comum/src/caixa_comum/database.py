"""The edge to a MySQL-protocol database: one way to connect, and what its errors mean."""

import re
from typing import Any, Final

from sqlalchemy import URL, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from caixa_comum.pool_metrics import POOLS
from caixa_comum.settings import ConfigurationError, DatabaseSettings, url_parts
from caixa_comum.trust import context_of

EXAMPLE: Final = "mysql://mysql:3306/caixa_fluxo"
CONNECT_SECONDS: Final = 5
DEFAULT_PORT: Final = 3306

# Error numbers of MySQL and MariaDB alike (server and client error message reference).
DUPLICATE: Final = 1062
LOCK_WAIT_TIMEOUT: Final = 1205
DEADLOCK: Final = 1213
_UNAVAILABLE: Final = frozenset({1040, 1053, 1077, 1079, 1158, 1159, 1160, 1161, 1927, 2002, 2003, 2006, 2013, 2014, 2055, 3169, 4031})

SESSION: Final = (
    "SET SESSION time_zone = '+00:00', "
    "sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', "
    "innodb_lock_wait_timeout = 10, lock_wait_timeout = 10"
)


def url_of(settings: DatabaseSettings) -> URL:
    """Build SQLAlchemy's URL from CAIXA_DATABASE_URL and its user. Raises ConfigurationError where the URL is none."""
    variable = "CAIXA_DATABASE_URL"
    parts = url_parts(variable, settings.database_url, schemes=("mysql",), example=EXAMPLE)
    schema = parts.path.strip("/")
    if not re.fullmatch(r"[A-Za-z0-9_]+", schema):
        raise ConfigurationError(variable, f"must name a schema, as in {EXAMPLE}")
    return URL.create(
        "mysql+asyncmy",
        username=settings.database_user,
        password=str.__str__(settings.database_password),
        host=parts.hostname,
        port=parts.port or DEFAULT_PORT,
        database=schema,
        query={"charset": "utf8mb4"},
    )


def create_engine(settings: DatabaseSettings, *, pool: int = 10) -> AsyncEngine:
    """Make an engine of at most `pool` connections, all READ COMMITTED, strict and in UTC; nothing connects before it is used.

    A connection that the server has dropped is found out before it is lent (pre-ping), so that the service outlives its database.
    Raises ConfigurationError where a variable is wrong.
    """
    trust = context_of("CAIXA_DATABASE_CA", settings.database_ca)
    engine = create_async_engine(
        url_of(settings),
        isolation_level="READ COMMITTED",
        pool_size=pool,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={"connect_timeout": CONNECT_SECONDS, **({} if trust is None else {"ssl": trust})},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:  # Any: the driver's own types
        cursor = connection.cursor()
        cursor.execute(SESSION)
        cursor.close()

    POOLS.watch(engine.sync_engine)
    return engine


def error_number(error: DBAPIError) -> int | None:
    """Give the server's or client's error number, if the driver told one."""
    args = getattr(error.orig, "args", ())
    return args[0] if args and isinstance(args[0], int) else None


def is_retryable(error: DBAPIError) -> bool:
    """Tell whether the whole transaction may simply be tried again: it lost a deadlock or waited too long for a lock."""
    return error_number(error) in {DEADLOCK, LOCK_WAIT_TIMEOUT}


def is_unavailable(error: DBAPIError) -> bool:
    """Tell whether the database could not be reached or went away, as opposed to having refused a statement."""
    return error.connection_invalidated or error_number(error) in _UNAVAILABLE or isinstance(error.orig, OSError | EOFError | TimeoutError)


is_disconnect = is_unavailable


def is_duplicate(error: IntegrityError) -> str | None:
    """Give the name of the unique key that a row collided with (without its table), or None when it was something else."""
    if error_number(error) != DUPLICATE:
        return None
    found = re.search(r"for key '(?:[^'.]*\.)?([^']+)'", str(error.orig))
    return found.group(1) if found else ""
