"""The built-in identity: the token endpoint, the published keys and the discovery document."""

import time
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.bodies import read_bytes
from caixa_gateway import documentation, grant, repository
from caixa_gateway.credentials import Secrets, same
from caixa_gateway.grant import Asked, ClientDisabled, GrantRefused
from caixa_gateway.incoming import in_time
from caixa_gateway.rate_limit import RateLimit, Scope
from caixa_gateway.settings import GatewaySettings
from caixa_gateway.signing_keys import SigningKeys

MAIOR_FORMULARIO: Final = 8 * 1024
JWKS_SECONDS: Final = 300
FORM: Final = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {name: {"type": "string"} for name in ("grant_type", "client_id", "client_secret", "scope")}
    | {"grant_type": {"const": grant.GRANT}, "scope": {"type": "string", "example": "lancamentos saldos"}},
}
AnyRequest = Request[Any, Any, State]  # Any: no user is known before a token


class Holder(msgspec.Struct, frozen=True):
    """Whom a token is for: its subject and client, the zone of its business days, and the scopes that it may have."""

    subject: str
    client_id: str
    fuso: str | None
    scopes: tuple[str, ...]
    nome: str = ""


class Identity:
    """Who a client is, and the token that says so."""

    def __init__(self, settings: GatewaySettings, engine: AsyncEngine, keys: SigningKeys, secrets: Secrets) -> None:
        """Take what it signs with, where merchants are kept, and what checks their secrets."""
        self._settings = settings
        self._engine = engine
        self._keys = keys
        self._secrets = secrets

    async def token(self, asked: Asked) -> dict[str, object]:
        """Give a token response (RFC 6749, section 5.1). Raises GrantRefused, or Problem 503 when too many ask at once."""
        admin = same(asked.client_id, self._settings.admin_client_id)
        holder = await (self._admin(asked) if admin else self.merchant(asked))
        scope = grant.granted(asked.scope, holder.scopes)
        lifetime = self._settings.token_lifetime_seconds
        return {"access_token": self.signed(holder, scope, lifetime), "token_type": "Bearer", "expires_in": lifetime, "scope": scope}

    def signed(self, holder: Holder, scope: str, lifetime: int) -> str:
        """Sign a token for its holder, good for `lifetime` seconds from now."""
        return self._keys.sign(
            grant.claims(
                issuer=self._settings.token_issuer,
                audience=self._settings.token_audience,
                sub=holder.subject,
                client_id=holder.client_id,
                scope=scope,
                fuso=holder.fuso,
                now=int(time.time()),
                lifetime=lifetime,
            )
        )

    async def _admin(self, asked: Asked) -> Holder:
        if not same(asked.client_secret, str.__str__(self._settings.admin_client_secret)):
            await self._secrets.matches(None, asked.client_secret)  # in vain, so that time does not tell the admin's id from others
            raise GrantRefused("invalid_client", "unknown client or wrong secret")
        return Holder(grant.ADMIN, self._settings.admin_client_id, None, grant.ADMIN_SCOPES)

    async def merchant(self, asked: Asked) -> Holder:
        """Give the merchant whose credentials these are, in equal time for unknown, wrong and disabled ones.

        Raises GrantRefused, ClientDisabled where only that is in the way, or Problem 503.
        """
        known = asked.client_id.isascii() and asked.client_id.isprintable()
        async with self._engine.connect() as connection:
            found = await repository.by_client_id(connection, asked.client_id) if known else None
        if not await self._secrets.matches(found.secret_hash if found else None, asked.client_secret) or found is None:
            raise GrantRefused("invalid_client", "unknown client or wrong secret")
        if found.desativado_em is not None:
            raise ClientDisabled
        return Holder(str(found.id), found.client_id, found.fuso, grant.MERCHANT_SCOPES, found.nome)


class Refusal(msgspec.Struct, frozen=True):
    """An error of the token endpoint, in the form that RFC 6749 gives it."""

    error: str
    error_description: str


def identity_routes(identity: Identity, keys: SigningKeys, limit: RateLimit, issuer: str) -> list[ControllerRouterHandler]:
    """Make the routes of the built-in identity; tokens are limited by the address that asks, and by the client that it says to be."""
    address = issuer.rstrip("/")

    @post(
        "/oauth/token",
        status_code=200,
        summary="Pede um token (client_credentials)",
        tags=["Identidade"],
        operation_class=documentation.with_body("application/x-www-form-urlencoded", FORM),
        responses={
            400: ResponseSpec(Refusal, description="Pedido malformado (RFC 6749, seção 5.2)", generate_examples=False),
            401: ResponseSpec(Refusal, description="Cliente desconhecido ou segredo errado", generate_examples=False),
            **documentation.problems(408, 413, 429, 503),
        },
    )
    async def token(request: AnyRequest) -> Response[dict[str, object]] | Response[Refusal]:
        async with limit.counted(request.client.host if request.client else "", Scope.ADDRESS) as told:
            async with in_time():
                body = await read_bytes(request, maior=MAIOR_FORMULARIO)
            headers = {"Cache-Control": "no-store", **told}
            try:
                asked = grant.read(body, request.headers.get("authorization"))
                async with limit.counted(asked.client_id, Scope.CLIENT):
                    return Response(await identity.token(asked), headers=headers)
            except GrantRefused as refused:
                return _refusal(refused, headers)

    @get("/.well-known/openid-configuration", sync_to_thread=False, summary="Descoberta", tags=["Identidade"])
    def discovery() -> Response[dict[str, object]]:
        document: dict[str, object] = {
            "issuer": issuer,
            "token_endpoint": f"{address}/oauth/token",
            "jwks_uri": f"{address}/.well-known/jwks.json",
            "grant_types_supported": [grant.GRANT],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": [*grant.MERCHANT_SCOPES, *grant.ADMIN_SCOPES],
            "response_types_supported": [],
            "id_token_signing_alg_values_supported": ["RS256"],
            "subject_types_supported": ["public"],
        }
        return Response(document, headers={"Cache-Control": f"public, max-age={JWKS_SECONDS}"})

    return [token, keys_route(keys), discovery]


def keys_route(keys: SigningKeys) -> HTTPRouteHandler:
    """Make the route of the public keys."""

    @get("/.well-known/jwks.json", sync_to_thread=False, summary="Chaves públicas dos tokens", tags=["Identidade"])
    def jwks() -> Response[dict[str, Any]]:
        return Response(keys.jwks(), headers={"Cache-Control": f"public, max-age={JWKS_SECONDS}"})

    return jwks


def _refusal(refused: GrantRefused, headers: dict[str, str]) -> Response[Refusal]:
    """Give the error response of RFC 6749, section 5.2."""
    unknown = refused.error == "invalid_client"
    challenge = {"WWW-Authenticate": 'Basic realm="caixa"'} if unknown else {}
    answer = Refusal(refused.error, refused.description)
    return Response(answer, status_code=401 if unknown else 400, headers=headers | challenge, media_type=MediaType.JSON)
