"""The admin's routes: registering merchants and looking after them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler

from caixa_comum.authentication import identify
from caixa_comum.bodies import read
from caixa_comum.problems import problem
from caixa_comum.tokens import Claims, Verifier
from caixa_gateway import documentation
from caixa_gateway.grant import ADMIN_SCOPE
from caixa_gateway.incoming import in_time
from caixa_gateway.rate_limit import RateLimit
from caixa_gateway.registrations import ComercianteCadastrado, Ficha, Fichas, NovoComerciante, Registrations, SegredoTrocado

COMERCIANTES = "/api/v1/comerciantes"
INSUFFICIENT = 'Bearer realm="caixa", error="insufficient_scope", scope="comerciantes"'
NO_STORE = {"Cache-Control": "no-store"}

AnyRequest = Request[Any, Any, State]  # Any: the admin's token is checked here
Cursor = Annotated[str | None, QueryParameter(name="cursor", description="O `proximo` da página anterior", max_length=64)]
Limite = Annotated[int, QueryParameter(name="limite", description="Quantos por página", ge=1, le=200)]


@asynccontextmanager
async def administrator(claims: Claims, limit: RateLimit) -> AsyncIterator[dict[str, str]]:
    """Let only those pass whose token has the admin's scope, counted; give the RateLimit headers. Raises Problem: 403, 429."""
    async with limit.counted(claims.sub) as told:
        if ADMIN_SCOPE not in claims.scope:
            raise problem(403, "Só a administração cuida de comerciantes.", headers={"WWW-Authenticate": INSUFFICIENT})
        yield told


def merchant_routes(registrations: Registrations, verifier: Verifier, limit: RateLimit) -> list[ControllerRouterHandler]:
    """Make the admin's routes."""

    @asynccontextmanager
    async def administering(request: AnyRequest) -> AsyncIterator[dict[str, str]]:
        """Let only the admin in, counted; give the answer's headers. Raises Problem: 401, 403, 429."""
        async with administrator(await identify(request.headers.get("authorization"), verifier), limit) as told:
            yield NO_STORE | told

    @post(COMERCIANTES, **documentation.admin("cadastrarComerciante", "Cadastra um comerciante", 400, 413, 422, body=NovoComerciante))
    async def cadastrar(request: AnyRequest) -> Response[ComercianteCadastrado]:
        async with administering(request) as headers:
            async with in_time():
                novo = await read(request, NovoComerciante)
            return Response(await registrations.add(novo), headers=headers)

    @get(COMERCIANTES, **documentation.admin("listarComerciantes", "Lista os comerciantes, os mais novos primeiro", 400))
    async def listar(request: AnyRequest, cursor: Cursor = None, limite: Limite = 50) -> Response[Fichas]:
        async with administering(request) as headers:
            return Response(await registrations.page(cursor, limite), headers=headers)

    @get(COMERCIANTES + "/{comerciante_id:uuid}", **documentation.admin("consultarComerciante", "Consulta um comerciante", 404))
    async def consultar(request: AnyRequest, comerciante_id: FromPath[UUID]) -> Response[Ficha]:
        async with administering(request) as headers:
            return Response(await registrations.one(comerciante_id), headers=headers)

    @post(COMERCIANTES + "/{comerciante_id:uuid}/segredo", **documentation.admin("trocarSegredo", "Troca o segredo de um comerciante", 404))
    async def trocar(request: AnyRequest, comerciante_id: FromPath[UUID]) -> Response[SegredoTrocado]:
        async with administering(request) as headers:
            return Response(await registrations.replace_secret(comerciante_id), headers=headers)

    @post(
        COMERCIANTES + "/{comerciante_id:uuid}/desativacao",
        status_code=200,
        **documentation.admin("desativarComerciante", "Desativa um comerciante: em um segundo, nem os tokens que ele já tem passam", 404),
    )
    async def desativar(request: AnyRequest, comerciante_id: FromPath[UUID]) -> Response[Ficha]:
        async with administering(request) as headers:
            return Response(await registrations.disable(comerciante_id), headers=headers)

    @post(
        COMERCIANTES + "/{comerciante_id:uuid}/reativacao",
        status_code=200,
        **documentation.admin("reativarComerciante", "Reativa um comerciante", 404),
    )
    async def reativar(request: AnyRequest, comerciante_id: FromPath[UUID]) -> Response[Ficha]:
        async with administering(request) as headers:
            return Response(await registrations.enable(comerciante_id), headers=headers)

    return [cadastrar, listar, consultar, trocar, desativar, reativar]
