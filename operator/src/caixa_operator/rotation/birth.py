"""When generated values were made: what their age, and so the next rotation, is reckoned from."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from caixa_operator.rotation.decide import instant

ROTATED_ANNOTATION = "caixa.dev/rotated"
"""On a generated Secret: when the rotation that wrote its values began."""


def birth(metadata: Mapping[str, Any]) -> datetime:  # Any: a Kubernetes object's metadata
    """Return when a generated Secret's values were made: by the rotation that it names, else together with the Secret."""
    noted = instant((metadata.get("annotations") or {}).get(ROTATED_ANNOTATION))
    return noted or instant(metadata.get("creationTimestamp")) or datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """Write an instant as Kubernetes does, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
