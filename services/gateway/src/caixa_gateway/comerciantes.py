"""Registering merchants: the admin's route."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import available_timezones

import msgspec
from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.authentication import identify
from caixa_comum.bodies import read
from caixa_comum.dominio import FUSO_PADRAO
from caixa_comum.identifiers import uuid7
from caixa_comum.problems import invalid, problem
from caixa_comum.tokens import Verifier
from caixa_gateway import repository
from caixa_gateway.credentials import Secrets, new_client_id, new_secret
from caixa_gateway.incoming import in_time
from caixa_gateway.rate_limit import RateLimit

INSUFFICIENT = 'Bearer realm="caixa", error="insufficient_scope", scope="comerciantes"'
# These two are what a machine calls its own clock; they name no place.
ZONES = available_timezones() - {"localtime", "Factory"}


class NovoComerciante(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the admin says of a merchant: a name, and the zone of its business days."""

    nome: Annotated[str, msgspec.Meta(min_length=1, max_length=140)]
    fuso: str = FUSO_PADRAO


class ComercianteCadastrado(msgspec.Struct, frozen=True):
    """A merchant just registered; the secret is shown this once."""

    id: UUID
    nome: str
    fuso: str
    client_id: str
    client_secret: str


def checked(novo: NovoComerciante) -> NovoComerciante:
    """Refuse a blank name and a zone that is none of IANA's. Raises Problem 422."""
    if not novo.nome.strip():
        raise invalid("não pode ficar em branco", "#/nome")
    if novo.fuso not in ZONES:
        raise invalid("deve ser um fuso IANA, como America/Sao_Paulo", "#/fuso")
    return novo


def merchant_routes(engine: AsyncEngine, verifier: Verifier, limit: RateLimit, secrets: Secrets) -> list[ControllerRouterHandler]:
    """Make the admin's routes."""

    @post("/api/v1/comerciantes", summary="Cadastra um comerciante", tags=["Administração"])
    async def cadastrar(request: Request[Any, Any, State]) -> Response[ComercianteCadastrado]:  # Any: the admin's token is checked here
        claims = await identify(request.headers.get("authorization"), verifier)
        async with limit.counted(claims.sub) as told:
            if "comerciantes" not in claims.scope:
                raise problem(403, "Só a administração cadastra comerciantes.", headers={"WWW-Authenticate": INSUFFICIENT})
            async with in_time():
                novo = checked(await read(request, NovoComerciante))
            cadastrado = await _registered(engine, secrets, novo)
            return Response(cadastrado, headers={"Cache-Control": "no-store", **told})

    return [cadastrar]


async def _registered(engine: AsyncEngine, secrets: Secrets, novo: NovoComerciante) -> ComercianteCadastrado:
    """Keep a merchant with a new credential, of which only the hash is kept."""
    client_id, secret = new_client_id(), new_secret()
    cadastro = repository.Cadastro(
        id=uuid7(),
        nome=novo.nome,
        fuso=novo.fuso,
        client_id=client_id,
        secret_hash=await secrets.hash(secret),
        criado_em=datetime.now(UTC),
    )
    async with engine.begin() as connection:
        await repository.add(connection, cadastro)
    return ComercianteCadastrado(cadastro.id, novo.nome, novo.fuso, client_id, secret)
