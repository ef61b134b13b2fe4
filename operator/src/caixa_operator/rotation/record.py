"""A rotation that is under way, as its Secret holds it: which values are replaced by which. Made once, never changed but for one mark.

A value is still the old one, or the new one, or one that a person has written meanwhile: such a one is theirs, and is left.
"""

from collections.abc import Iterator, Mapping
from typing import Self

import msgspec

RECORD = "rotation"
"""The Secret, without the CashBox's name."""
_RECORD_KEY = "rotation.json"
USERS_KEY = "users"
"""What the Jobs read: three lines for each user of MySQL, its name, its old and its new password."""
_MARK = "discarding"

Values = Mapping[str, Mapping[str, str]]
"""Values by Secret and key."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is replaced at once: a password, for RabbitMQ with the name of the user that has it."""

    secret: str
    name: str
    """A user of MySQL, or a role at RabbitMQ."""
    old: dict[str, str]
    new: dict[str, str]

    def pending(self, values: Values) -> bool:
        """Tell whether the Secret still has the old values."""
        return self._has(values, self.old)

    def followed(self, values: Values) -> bool:
        """Tell whether the Secret has the old or the new values, and no person's."""
        return self._has(values, self.old) or self._has(values, self.new)

    def _has(self, values: Values, wanted: Mapping[str, str]) -> bool:
        found = values.get(self.secret, {})
        return all(found.get(key) == value for key, value in wanted.items())


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """One rotation."""

    started: str
    """When the new values were generated, RFC 3339; it also names the rotation."""
    changes: tuple[Change, ...]
    discarding: bool = False
    """Whether everybody has the new values, so that the old ones are taken from the stores; it never becomes false again."""

    def of(self, *secrets: str) -> tuple[Change, ...]:
        """Return the changes of these Secrets."""
        return tuple(change for change in self.changes if change.secret in secrets)

    def promotions(self, values: Values) -> dict[str, dict[str, str]]:
        """Return what must still be written, by Secret and key."""
        found: dict[str, dict[str, str]] = {}
        for change in self.changes:
            if change.pending(values):
                found.setdefault(change.secret, {}).update(change.new)
        return found

    def written(self, mysql: tuple[str, ...]) -> dict[str, str]:
        """Write the Secret; `mysql` names the Secrets of MySQL's users."""
        kept = msgspec.structs.replace(self, discarding=False)
        return {_RECORD_KEY: msgspec.json.encode(kept).decode(), USERS_KEY: "".join(_lines(self.of(*mysql)))}

    @classmethod
    def read(cls, data: Mapping[str, str]) -> Self:
        """Read the Secret. Raises msgspec.DecodeError, KeyError where it is none."""
        found = msgspec.json.decode(data[_RECORD_KEY], type=cls)
        return msgspec.structs.replace(found, discarding=_MARK in data)


MARK = {_MARK: "true"}
"""What is added to the Secret once everybody has the new values."""


def _lines(changes: tuple[Change, ...]) -> Iterator[str]:
    return (f"{change.name}\n{change.old[change.name]}\n{change.new[change.name]}\n" for change in changes)
