"""Kubernetes objects as JSON, and what names one of them within a namespace."""

import hashlib
from typing import Any, NamedTuple

import msgspec

Manifest = dict[str, Any]  # JSON: its shape is Kubernetes', not ours


class Ref(NamedTuple):
    """A kind and a name: one object of a namespace."""

    kind: str
    name: str


def ref(manifest: Manifest) -> Ref:
    """Name an object."""
    return Ref(manifest["kind"], manifest["metadata"]["name"])


def fingerprint(value: object, digits: int = 16) -> str:
    """Return hex digits that change when the JSON value does, whatever the order of its keys."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()[:digits]


def labels(manifest: Manifest) -> dict[str, str]:
    """Return an object's labels."""
    found: dict[str, str] = manifest["metadata"].get("labels") or {}
    return found
