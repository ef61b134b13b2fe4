"""The certificate that the door serves HTTPS with: two files, refused at start when they are none."""

import ssl
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography import x509

from caixa_comum.settings import ConfigurationError

CERTIFICATE: Final = "CAIXA_TLS_CERTIFICATE"
KEY: Final = "CAIXA_TLS_KEY"


class TlsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a certificate, its issuers after it, and of its private key, both PEM; without them the door serves plain HTTP."""

    tls_certificate: str = ""
    tls_key: str = ""

    def __post_init__(self) -> None:
        """Refuse what would only fail later. Raises ConfigurationError."""
        if not self.tls_certificate and not self.tls_key:
            return
        try:
            x509.load_pem_x509_certificates(_read(CERTIFICATE, self.tls_certificate))
        except ValueError:
            raise ConfigurationError(CERTIFICATE, "must name a file with a certificate as PEM, its issuers after it") from None
        _read(KEY, self.tls_key)
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.tls_certificate, self.tls_key, password="")
        except ssl.SSLError:
            raise ConfigurationError(KEY, f"must name a file with the private key of {CERTIFICATE}, as PEM and not encrypted") from None

    @property
    def given(self) -> bool:
        """Whether clients reach the door by HTTPS."""
        return bool(self.tls_certificate)

    def options(self) -> dict[str, Any]:  # Any: uvicorn's options
        """Give what uvicorn is told."""
        return {"ssl_certfile": self.tls_certificate, "ssl_keyfile": self.tls_key} if self.given else {}


def _read(variable: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        raise ConfigurationError(variable, f"must name a file that can be read, for {CERTIFICATE} and {KEY} belong together") from None
