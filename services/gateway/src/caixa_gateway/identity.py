"""The built-in identity: the token endpoint, the published keys and the discovery document."""

import time
from typing import Any, Final

from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.bodies import read_bytes
from caixa_gateway import grant, repository
from caixa_gateway.credentials import Secrets, same
from caixa_gateway.grant import Asked, GrantRefused
from caixa_gateway.settings import GatewaySettings
from caixa_gateway.signing_keys import SigningKeys

MAIOR_FORMULARIO: Final = 8 * 1024
JWKS_SECONDS: Final = 300
AnyRequest = Request[Any, Any, State]  # Any: no user is known before a token


class Identity:
    """Who a client is, and the token that says so."""

    def __init__(self, settings: GatewaySettings, engine: AsyncEngine, keys: SigningKeys) -> None:
        """Take what it signs with and where merchants are kept."""
        self._settings = settings
        self._engine = engine
        self._keys = keys
        self._secrets = Secrets()

    async def token(self, asked: Asked) -> dict[str, object]:
        """Give a token response (RFC 6749, section 5.1). Raises GrantRefused."""
        admin = same(asked.client_id, self._settings.admin_client_id)
        subject, fuso, allowed = await (self._admin(asked) if admin else self._merchant(asked))
        scope = grant.granted(asked.scope, allowed)
        lifetime = self._settings.token_lifetime_seconds
        signed = self._keys.sign(
            grant.claims(
                issuer=self._settings.token_issuer,
                audience=self._settings.token_audience,
                sub=subject,
                client_id=asked.client_id,
                scope=scope,
                fuso=fuso,
                now=int(time.time()),
                lifetime=lifetime,
            )
        )
        return {"access_token": signed, "token_type": "Bearer", "expires_in": lifetime, "scope": scope}

    async def _admin(self, asked: Asked) -> tuple[str, str | None, tuple[str, ...]]:
        if not same(asked.client_secret, str.__str__(self._settings.admin_client_secret)):
            raise GrantRefused("invalid_client", "unknown client or wrong secret")
        return grant.ADMIN, None, grant.ADMIN_SCOPES

    async def _merchant(self, asked: Asked) -> tuple[str, str | None, tuple[str, ...]]:
        known = asked.client_id.isascii() and asked.client_id.isprintable()
        async with self._engine.connect() as connection:
            found = await repository.active_by_client_id(connection, asked.client_id) if known else None
        if not await self._secrets.matches(found.secret_hash if found else None, asked.client_secret) or found is None:
            raise GrantRefused("invalid_client", "unknown client or wrong secret")
        return str(found.id), found.fuso, grant.MERCHANT_SCOPES


def identity_routes(identity: Identity, keys: SigningKeys, issuer: str) -> list[ControllerRouterHandler]:
    """Make the routes of the built-in identity."""

    @post("/oauth/token", status_code=200, summary="Pede um token (client_credentials)", tags=["Identidade"])
    async def token(request: AnyRequest) -> Response[dict[str, object]]:
        body = await read_bytes(request, maior=MAIOR_FORMULARIO)
        headers = {"Cache-Control": "no-store"}
        try:
            return Response(await identity.token(grant.read(body, request.headers.get("authorization"))), headers=headers)
        except GrantRefused as refused:
            unknown = refused.error == "invalid_client"
            if unknown:
                headers["WWW-Authenticate"] = 'Basic realm="caixa"'
            answer: dict[str, object] = {"error": refused.error, "error_description": refused.description}
            return Response(answer, status_code=401 if unknown else 400, headers=headers, media_type=MediaType.JSON)

    @get("/.well-known/jwks.json", sync_to_thread=False, summary="Chaves públicas dos tokens", tags=["Identidade"])
    def jwks() -> Response[dict[str, Any]]:
        return Response(keys.jwks(), headers={"Cache-Control": f"public, max-age={JWKS_SECONDS}"})

    @get("/.well-known/openid-configuration", sync_to_thread=False, summary="Descoberta", tags=["Identidade"])
    def discovery() -> Response[dict[str, object]]:
        document: dict[str, object] = {
            "issuer": issuer,
            "token_endpoint": f"{issuer}/oauth/token",
            "jwks_uri": f"{issuer}/.well-known/jwks.json",
            "grant_types_supported": [grant.GRANT],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": [*grant.MERCHANT_SCOPES, *grant.ADMIN_SCOPES],
            "response_types_supported": [],
            "id_token_signing_alg_values_supported": ["RS256"],
            "subject_types_supported": ["public"],
        }
        return Response(document, headers={"Cache-Control": f"public, max-age={JWKS_SECONDS}"})

    return [token, jwks, discovery]
