"""The door's certificate: what it takes, and that what it does not is refused by the variable's name."""

from pathlib import Path

import pytest

from caixa_comum.settings import ConfigurationError
from caixa_gateway.certificate import TlsSettings
from tests.kubernetes.certificates import Authority

AUTHORITY = Authority("teste")


def files(folder: Path, certificate: bytes, key: bytes) -> TlsSettings:
    """Make settings of two files with this content."""
    (folder / "tls.crt").write_bytes(certificate)
    (folder / "tls.key").write_bytes(key)
    return TlsSettings(tls_certificate=str(folder / "tls.crt"), tls_key=str(folder / "tls.key"))


def test_a_certificate_with_its_issuers_and_its_key_are_taken(tmp_path: Path) -> None:
    """As cert-manager writes them; without any, the door serves plain HTTP."""
    pair = AUTHORITY.issue("loja", hosts=["loja.example"])
    made = files(tmp_path, pair.certificate + AUTHORITY.certificate, pair.key)
    assert made.options() == {"ssl_certfile": str(tmp_path / "tls.crt"), "ssl_keyfile": str(tmp_path / "tls.key")}
    assert (TlsSettings().given, TlsSettings().options()) == (False, {})


@pytest.mark.parametrize("given", [{"tls_certificate": "/nonexistent"}, {"tls_key": "/nonexistent"}])
def test_a_file_that_cannot_be_read_or_is_not_named_is_refused_by_name(given: dict[str, str]) -> None:
    """One without the other is none."""
    with pytest.raises(ConfigurationError, match="CAIXA_TLS_CERTIFICATE: must name a file that can be read"):
        TlsSettings(**given)


def test_what_is_no_certificate_and_another_s_key_are_refused_by_name(tmp_path: Path) -> None:
    """The message says what the file must hold, and never what it holds."""
    pair, other = AUTHORITY.issue("loja"), AUTHORITY.issue("outra")
    with pytest.raises(ConfigurationError, match="CAIXA_TLS_CERTIFICATE: must name a file with a certificate as PEM"):
        files(tmp_path, b"no certificate", pair.key)
    for key in (other.key, b"no key"):
        with pytest.raises(ConfigurationError, match="CAIXA_TLS_KEY: must name a file with the private key of CAIXA_TLS_CERTIFICATE"):
            files(tmp_path, pair.certificate, key)
