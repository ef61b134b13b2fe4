"""Signing keys: the first signs, all are published, wrong files are refused at start."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from caixa_comum.settings import ConfigurationError
from caixa_comum.tokens import Verifier
from caixa_gateway.grant import claims
from caixa_gateway.signing_keys import SigningKeys, thumbprint

OLD, NEW = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    """Give a private key as PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def token(keys: SigningKeys) -> str:
    """Sign a merchant's claims."""
    return keys.sign(
        claims(issuer="http://i", audience="caixa", sub="s", client_id="c", scope="x", fuso=None, now=4_000_000_000, lifetime=60)
        | {"nbf": 0, "iat": 0}
    )


async def test_keys_rotate_by_overlap(tmp_path: Path) -> None:
    """A token of the old key is still accepted after the new one signs, because both are published."""
    file = tmp_path / "keys.pem"
    file.write_bytes(pem(OLD) + pem(NEW))
    before = SigningKeys.read(str(file))
    file.write_bytes(pem(NEW) + pem(OLD))
    after = SigningKeys.read(str(file))
    assert {key["kid"] for key in after.jwks()["keys"]} == {thumbprint(OLD), thumbprint(NEW)}
    for signed in (token(before), token(after)):
        assert (await Verifier("http://i", "caixa", after).verify(signed)).sub == "s"


def test_published_keys_hold_no_private_member(tmp_path: Path) -> None:
    """Only modulus and exponent leave the process."""
    file = tmp_path / "key.pem"
    file.write_bytes(pem(NEW))
    (published,) = SigningKeys.read(str(file)).jwks()["keys"]
    assert set(published) == {"kty", "n", "e", "kid", "use", "alg"}


@pytest.mark.parametrize(
    "content",
    [b"", b"nada", pem(ec.generate_private_key(ec.SECP256R1())), pem(rsa.generate_private_key(public_exponent=65537, key_size=1024))],  # noqa: S505  refused, as it should be
    ids=["empty", "no PEM", "another kind of key", "too short"],
)
def test_a_file_without_good_keys_is_refused_at_start(tmp_path: Path, content: bytes) -> None:
    """The message names the variable."""
    file = tmp_path / "key.pem"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match="CAIXA_SIGNING_KEY_FILE"):
        SigningKeys.read(str(file))
    with pytest.raises(ConfigurationError, match="CAIXA_SIGNING_KEY_FILE"):
        SigningKeys.read(str(tmp_path / "missing.pem"))
