"""Whom a connection to a store by TLS believes: the certificates of its own authority, or those that the system trusts."""

import ssl
from pathlib import Path
from typing import Final

from caixa_comum.settings import ConfigurationError

SYSTEM: Final = "system"
_BEGINS: Final = "-----BEGIN"


def context_of(variable: str, told: str) -> ssl.SSLContext | None:
    """Make the context of verified connections, host name included; None where nothing is told.

    `told` is `system`, certificates as PEM, or the path of a file of them. Raises ConfigurationError where it is neither.
    """
    if not told:
        return None
    try:
        if told == SYSTEM:
            return ssl.create_default_context()
        pem = told if told.lstrip().startswith(_BEGINS) else Path(told).read_text(encoding="utf-8")
        return ssl.create_default_context(cadata=pem)
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        raise ConfigurationError(variable, f"must be {SYSTEM}, certificates as PEM, or a file of them") from None
