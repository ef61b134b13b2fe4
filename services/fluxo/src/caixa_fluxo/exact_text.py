"""A text column that compares byte for byte, on MySQL and MariaDB alike."""

from sqlalchemy import Dialect, types
from sqlalchemy.dialects.mysql import VARBINARY

UTF8_BYTES = 4


class ExactText(types.TypeDecorator[str]):
    """Text of at most `length` characters kept as its UTF-8 bytes.

    For keys that clients choose: no collation that both engines have tells `a` from `a ` in a unique index
    (PAD SPACE), nor compares case and accents exactly.
    """

    impl = types.LargeBinary
    cache_ok = True

    def __init__(self, length: int, *, ascii_only: bool = False) -> None:
        super().__init__()
        self.length = length
        self.ascii_only = ascii_only

    def load_dialect_impl(self, dialect: Dialect) -> types.TypeEngine[bytes]:
        """Render VARBINARY, wide enough for every character."""
        return dialect.type_descriptor(VARBINARY(self.length * (1 if self.ascii_only else UTF8_BYTES)))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Encode as UTF-8."""
        del dialect
        return None if value is None else value.encode()

    def process_result_value(self, value: bytes | str | None, dialect: Dialect) -> str | None:
        """Decode; drivers differ in whether VARBINARY arrives decoded."""
        del dialect
        return value.decode() if isinstance(value, bytes | bytearray) else value
