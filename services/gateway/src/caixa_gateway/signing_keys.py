"""The gateway's own keys: the first signs, all are published, so that keys rotate by overlap."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from caixa_comum.settings import ConfigurationError
from caixa_comum.tokens import ALGORITHM

VARIABLE = "CAIXA_SIGNING_KEY_FILE"
SMALLEST_BITS = 2048
_PEM = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)


class SigningKeys:
    """RSA keys by their RFC 7638 thumbprints; also the source of keys for verifying the gateway's own tokens."""

    def __init__(self, keys: list[RSAPrivateKey]) -> None:
        """Sign with the first; a new key is published behind it for a while before it comes first."""
        self._published = {thumbprint(key): jwk(key) for key in keys}
        self._verifying = {kid: jwt.PyJWK(public, algorithm=ALGORITHM) for kid, public in self._published.items()}
        self._kid, self._signing = thumbprint(keys[0]), keys[0]
        self._private = [key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()) for key in keys]

    @classmethod
    def read(cls, path: str) -> Self:
        """Read one or more PEM private keys from a file. Raises ConfigurationError naming the variable."""
        try:
            blocks = _PEM.findall(Path(path).read_bytes())
        except OSError as error:
            raise ConfigurationError(VARIABLE, f"must name a readable file ({error.strerror})") from error
        try:
            keys = [load_pem_private_key(block, password=None) for block in blocks]
        except (ValueError, TypeError) as error:
            raise ConfigurationError(VARIABLE, "must hold unencrypted PEM private keys") from error
        rsa = [key for key in keys if isinstance(key, RSAPrivateKey) and key.key_size >= SMALLEST_BITS]
        if not rsa or len(rsa) != len(keys):
            raise ConfigurationError(VARIABLE, f"must hold RSA private keys of at least {SMALLEST_BITS} bits, in PEM")
        return cls(rsa)

    async def key(self, kid: str) -> jwt.PyJWK | None:
        """Give the public key of that id (the Keys of a Verifier)."""
        return self._verifying.get(kid)

    def jwks(self) -> dict[str, Any]:  # Any: JSON
        """Give the published keys (RFC 7517, section 5)."""
        return {"keys": [{**public, "kid": kid, "use": "sig", "alg": ALGORITHM} for kid, public in self._published.items()]}

    def sign(self, claims: dict[str, Any]) -> str:  # Any: JSON
        """Sign claims into a compact JWS whose header names the key."""
        return jwt.encode(claims, self._signing, algorithm=ALGORITHM, headers={"kid": self._kid})

    def derived(self, purpose: bytes) -> list[bytes]:
        """Derive a symmetric key (URL-safe base64 of 32 bytes) per signing key, in their order, for one purpose (HKDF, RFC 5869)."""
        return [base64.urlsafe_b64encode(HKDF(SHA256(), 32, salt=None, info=purpose).derive(private)) for private in self._private]


def jwk(key: RSAPrivateKey) -> dict[str, str]:
    """Give a key's public half as the three members of an RSA JWK."""
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {name: str(public[name]) for name in ("kty", "n", "e")}


def thumbprint(key: RSAPrivateKey) -> str:
    """Name a key by its RFC 7638 thumbprint: the SHA-256 of its required members in lexical order."""
    canonical = json.dumps(jwk(key), sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()
