"""The gateway before an external issuer's tokens: it checks them, and where its own identity would be it says who issues."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from litestar import Request, Response, route
from litestar.datastructures import State
from litestar.enums import HttpMethod
from litestar.types import ControllerRouterHandler

from caixa_comum.authentication import identify
from caixa_comum.jwks import discovery_url, published_verifier
from caixa_comum.problems import TITULOS, Problem
from caixa_comum.settings import TokenSettings
from caixa_comum.tokens import Verifier
from caixa_gateway import grant
from caixa_gateway.comerciantes import COMERCIANTES, administrator
from caixa_gateway.pagina.emissor_routes import issuer_page
from caixa_gateway.rate_limit import RateLimit
from caixa_gateway.settings import ExternalSettings
from caixa_gateway.side import Side

IDENTITY: Final = ["/oauth/token", "/.well-known/jwks.json", "/.well-known/openid-configuration"]
MERCHANTS: Final = [COMERCIANTES, COMERCIANTES + "/{resto:path}"]
EVERY: Final = [HttpMethod.GET, HttpMethod.POST]

AnyRequest = Request[Any, Any, State]  # Any: nobody is known here but by a token


@asynccontextmanager
async def external_side(settings: ExternalSettings, limit: RateLimit) -> AsyncIterator[Side]:
    """Give what an external issuer leaves to the gateway; nothing is kept, so there is nothing that must be there for it."""
    issuer = settings.token_issuer
    tokens = TokenSettings(token_issuer=issuer, token_audience=settings.token_audience, jwks_url=settings.jwks_url, claims=settings.claims)
    async with published_verifier(tokens, administration=grant.ADMIN_SCOPE) as verifier:
        yield Side(
            routes=[*elsewhere(issuer, verifier, limit), issuer_page(issuer)],
            verifier=verifier,
            checks={},
            told={"emissor": settings.jwks_url or discovery_url(issuer)},
            tls=settings.tls.given,  # the issuer's address says nothing of the gateway's; whoever else ends TLS for it says so
            issuer=issuer,
        )


def elsewhere(issuer: str, verifier: Verifier, limit: RateLimit) -> list[ControllerRouterHandler]:
    """Make the routes that say where what is asked for is: tokens and keys to everybody, merchants to the admin alone."""

    @route(IDENTITY, http_method=EVERY, include_in_schema=False)
    async def identidade() -> Response[None]:
        raise at_the_issuer(issuer, "Os tokens desta instalação são de um emissor externo")

    @route(MERCHANTS, http_method=EVERY, include_in_schema=False)
    async def comerciantes(request: AnyRequest) -> Response[None]:
        async with administrator(await identify(request.headers.get("authorization"), verifier), limit):
            raise at_the_issuer(issuer, "Os comerciantes desta instalação são cadastrados no emissor dos tokens")

    return [identidade, comerciantes]


def at_the_issuer(issuer: str, said: str) -> Problem:
    """Give the 404 that names the issuer, also as the member `emissor`: the resource does not exist here, and nothing is broken."""
    return Problem(404, TITULOS[404], f"{said}: {issuer}", extra={"emissor": issuer})
