"""Tokens of an external issuer: its keys found by its own discovery document, its merchants by the claims it uses."""

from uuid import uuid4

import pytest

from caixa_comum.authentication import merchant
from caixa_comum.jwks import jwks_uri, published_verifier
from caixa_comum.settings import ClaimSettings, TokenSettings
from caixa_comum.tokens import InvalidToken
from tests.issuer import Issuer


async def test_a_merchant_is_known_by_the_claims_that_the_issuer_uses() -> None:
    """Nothing but the issuer's address is told: the keys come by discovery, merchant and zone from configured claims."""
    named = ClaimSettings(token_merchant_claim="comerciante_id", token_zone_claim="zoneinfo", token_default_zone="America/Belem")
    comerciante_id = str(uuid4())
    with Issuer() as issuer:
        async with published_verifier(TokenSettings(token_issuer=issuer.url, claims=named)) as verifier:
            claims = await verifier.verify(issuer.token("servico|42", comerciante_id=comerciante_id, zoneinfo="America/Manaus"))
            found = merchant(claims)
            assert found is not None
            assert (str(found.id), found.fuso.key) == (comerciante_id, "America/Manaus")
            without = merchant(await verifier.verify(issuer.token("servico|42", comerciante_id=comerciante_id)))
            assert without is not None
            assert without.fuso.key == "America/Belem"
            with pytest.raises(InvalidToken):
                await verifier.verify(issuer.token("servico|42"))


@pytest.mark.parametrize(
    "document",
    [
        b"{}",
        b"[]",
        b"no JSON",
        b'{"issuer": "https://outro.example", "jwks_uri": "https://outro.example/k"}',
        b'{"issuer": "https://emissor.example", "jwks_uri": "http://emissor.example/k"}',
        b'{"issuer": "https://emissor.example", "jwks_uri": "file:///etc/passwd"}',
        b'{"issuer": "https://emissor.example", "jwks_uri": 1}',
    ],
)
def test_a_discovery_document_that_cannot_be_trusted_is_refused(document: bytes) -> None:
    """Another issuer's, or keys in a place less safe than the issuer's own."""
    with pytest.raises(ValueError, match=r".+"):
        jwks_uri(document, "https://emissor.example")
