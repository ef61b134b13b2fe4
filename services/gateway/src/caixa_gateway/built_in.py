"""The gateway with an identity of its own: its merchants, their tokens, the admin's routes and the page."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from caixa_comum.database import create_engine
from caixa_comum.readiness import database_check, schema_check
from caixa_gateway.comerciantes import merchant_routes
from caixa_gateway.credentials import Secrets
from caixa_gateway.disabled import ActiveVerifier, Disabled
from caixa_gateway.identity import Identity, identity_routes, keys_route
from caixa_gateway.pagina.rotas import page_routes
from caixa_gateway.rate_limit import RateLimit
from caixa_gateway.registrations import Registrations
from caixa_gateway.settings import GatewaySettings
from caixa_gateway.side import Side
from caixa_gateway.signing_keys import SigningKeys
from caixa_gateway.upstream import Upstream

PACKAGE = "caixa_gateway"
POOL = 10


@asynccontextmanager
async def built_in_side(settings: GatewaySettings, upstreams: Mapping[str, Upstream], limit: RateLimit) -> AsyncIterator[Side]:
    """Give what the built-in identity brings, over a database that is let go at the end."""
    keys, secrets = SigningKeys.read(settings.signing_key_file), Secrets()
    engine = create_engine(settings.database, pool=POOL)
    disabled = Disabled(engine)
    verifier = ActiveVerifier(settings.token_issuer, settings.token_audience, keys, disabled)
    identity = Identity(settings, engine, keys, secrets)
    try:
        async with disabled.watched():
            yield Side(
                routes=[
                    page_routes(settings, identity, keys, upstreams, verifier, limit),
                    *identity_routes(identity, keys, limit, settings.token_issuer),
                    *merchant_routes(Registrations(engine, secrets, disabled), verifier, limit),
                ],
                verifier=verifier,
                checks={"banco": database_check(engine), "esquema": schema_check(engine, PACKAGE)},
                told={},
                tls=settings.tls.given or settings.token_issuer.startswith("https://"),
                issuer="",
                neighbours=[keys_route(keys)],
            )
    finally:
        await engine.dispose()
