"""Column types: how identifiers, instants and codes are kept, so that every schema keeps them alike."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import BINARY, Dialect, String
from sqlalchemy.dialects.mysql import DATETIME, VARCHAR
from sqlalchemy.types import TypeDecorator


class Uuid16(TypeDecorator[UUID]):
    """A UUID as BINARY(16), big-endian: half the size of text, and UUIDv7 sorts by time."""

    impl = BINARY(16)
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002  SQLAlchemy's signature
        """Give the 16 bytes."""
        return None if value is None else value.bytes

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> UUID | None:  # noqa: ARG002
        """Read the 16 bytes."""
        return None if value is None else UUID(bytes=bytes(value))


class UtcMicros(TypeDecorator[datetime]):
    """An instant as DATETIME(6) in UTC; only aware datetimes go in, and aware ones come out."""

    impl = DATETIME(fsp=6)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the instant in UTC without its zone. Raises ValueError for a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read the instant as UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


def ascii_text(length: int) -> String:
    """Text of codes and keys, compared byte by byte: no two different keys are ever taken for one."""
    return VARCHAR(length, charset="ascii", collation="ascii_bin")
