"""Rotating the signing key by overlap, as the operator does it: no token is refused on the way, and no service asks twice."""

from pathlib import Path

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from caixa_comum.jwks import RemoteKeys
from caixa_comum.tokens import InvalidToken, Verifier
from tests.integration.gateway.conftest import SCHEMA
from tests.integration.gateway.door import Door, opened, settings_for
from tests.local.database import Database

SALDO = "/api/v1/saldos/atual"


def new_key() -> str:
    """Make a key as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


async def merchants_token(door: Door) -> str:
    """Give a new merchant's token."""
    return (await door.merchant())["Authorization"].removeprefix("Bearer ")


async def test_a_new_key_is_published_then_signs_and_the_old_one_leaves(schema: Database, tmp_path: Path) -> None:
    """A service that fetched the keys once accepts tokens of both; the gateway accepts the old token until the old key has left."""
    file, old, new = tmp_path / "keys.pem", new_key(), new_key()
    settings = settings_for(schema.settings("gateway", SCHEMA), str(file))
    async with aiohttp.ClientSession() as session:
        service = Verifier(settings.token_issuer, "caixa", RemoteKeys(f"{settings.token_issuer}/.well-known/jwks.json", session))

        file.write_text(old + new)  # published ahead of its use
        async with opened(settings) as door:
            signed_by_old = await merchants_token(door)
            await service.verify(signed_by_old)

        file.write_text(new + old)  # signs; what the old one signed is still good
        async with opened(settings) as door:
            signed_by_new = await merchants_token(door)
            assert (await door.ask("GET", SALDO, headers={"Authorization": f"Bearer {signed_by_old}"}))[0] == 200
        await service.verify(signed_by_new)  # nobody is there to ask: the key was known before it signed

        file.write_text(new)
        async with opened(settings) as door:
            for token, status in ((signed_by_new, 200), (signed_by_old, 401)):
                assert (await door.ask("GET", SALDO, headers={"Authorization": f"Bearer {token}"}))[0] == status
            fresh = Verifier(settings.token_issuer, "caixa", RemoteKeys(f"{door.url}/.well-known/jwks.json", session))
            with pytest.raises(InvalidToken):
                await fresh.verify(signed_by_old)
