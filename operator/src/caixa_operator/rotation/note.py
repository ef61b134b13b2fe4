"""What keeps a store from restarting for passwords that it was taught while it ran.

A store reads its users at its start, so other values in their Secret restart it: that is how a password that a person writes takes
effect. Values that a rotation writes are in effect already. With them it notes in the Secret, as an annotation, what they stand for.
"""

from collections.abc import Mapping

import msgspec

from caixa_operator.manifest import fingerprint

NOTE_ANNOTATION = "caixa.dev/stands-for"


class Note(msgspec.Struct, frozen=True):
    """Values, as a fingerprint, that stand for those that the store has last been started with."""

    values: str
    standing: str


def standing(values: Mapping[str, str], note: Note | None) -> str:
    """Return digits that change when a store must restart for the values of its Secret.

    Where the values are not those of the note, the note itself counts too: the values from before a rotation, written back by a person,
    must restart the store as well.
    """
    own = fingerprint(values)
    if note is None:
        return own
    return note.standing if note.values == own else fingerprint([own, note])


def noted(values: Mapping[str, str], promoted: Mapping[str, str], note: Note | None) -> Note:
    """Return the note for `values` once the `promoted` ones are among them."""
    return Note(fingerprint({**values, **promoted}), standing(values, note))


def read(annotations: Mapping[str, str]) -> Note | None:
    """Read a Secret's note; one that cannot be read counts as none, and the store restarts."""
    try:
        return msgspec.json.decode(annotations.get(NOTE_ANNOTATION, "null"), type=Note | None)
    except msgspec.DecodeError:
        return None


def write(note: Note) -> dict[str, str]:
    """Write the annotation."""
    return {NOTE_ANNOTATION: msgspec.json.encode(note).decode()}
