"""The routes that read entries."""

from uuid import UUID

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.authentication import requires_scope
from caixa_comum.problems import Problem
from caixa_fluxo import documentation, entry_repository
from caixa_fluxo.lancamento import Lancamento
from caixa_fluxo.recording_routes import LANCAMENTOS, MerchantRequest


def reading_routes(engine: AsyncEngine) -> list[HTTPRouteHandler]:
    """Make the routes, which read with this engine."""

    @get(
        LANCAMENTOS + "/{lancamento_id:uuid}",
        guards=[requires_scope("lancamentos")],
        operation_id="consultarLancamento",
        summary="Consultar um lançamento",
        tags=["Lançamentos"],
        responses=documentation.problems(404, 503),
    )
    async def consultar_lancamento(request: MerchantRequest, lancamento_id: FromPath[UUID]) -> Lancamento:
        async with engine.connect() as connection:
            found = await entry_repository.find(connection, lancamento_id, request.user.id)
        if found is None:
            raise Problem(404, "Não encontrado", "Este lançamento não existe.")
        return found

    return [consultar_lancamento]
