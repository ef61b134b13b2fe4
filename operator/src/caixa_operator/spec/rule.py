"""Schema annotations: CEL rules, with messages that say what to write, and numbers or strings with bounds."""

from typing import NamedTuple

import msgspec


class Rule(NamedTuple):
    """A CEL expression that the API server evaluates, and what it answers when it is false."""

    rule: str
    message: str


def checked(*rules: Rule, description: str, max_length: int | None = None, extra: dict[str, object] | None = None) -> msgspec.Meta:
    """Describe a field whose value the API server checks by CEL; `max_length` keeps the rule's cost bounded."""
    validations = [rule._asdict() for rule in rules]
    return msgspec.Meta(
        description=description, max_length=max_length, extra_json_schema={"x-kubernetes-validations": validations, **(extra or {})}
    )


def described(description: str) -> msgspec.Meta:
    """Describe a field for `kubectl explain`."""
    return msgspec.Meta(description=description)
