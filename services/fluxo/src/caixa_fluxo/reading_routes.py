"""The routes that read entries."""

from uuid import UUID

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.authentication import requires_scope
from caixa_comum.problems import Problem
from caixa_fluxo import documentation, entry_repository, listing
from caixa_fluxo.lancamento import Lancamento
from caixa_fluxo.listing import Pagina
from caixa_fluxo.parameters import Cursor, DataFinal, DataInicial, Limite, MoedaBuscada, ReferenciaBuscada, TipoBuscado
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

    @get(
        LANCAMENTOS,
        guards=[requires_scope("lancamentos")],
        operation_id="listarLancamentos",
        summary="Listar lançamentos",
        description=(
            "Os mais novos primeiro: por dia e, no dia, por registro. `proximo` é o `cursor` da página seguinte, com os mesmos filtros; "
            "lançamentos registrados enquanto se folheia não repetem nem escondem nenhum dos que já estavam lá."
        ),
        tags=["Lançamentos"],
        responses=documentation.problems(400, 503),
    )
    async def listar_lancamentos(
        request: MerchantRequest,
        data_inicial: DataInicial = None,
        data_final: DataFinal = None,
        tipo: TipoBuscado = None,
        moeda: MoedaBuscada = None,
        referencia_externa: ReferenciaBuscada = None,
        limit: Limite = None,
        cursor: Cursor = None,
    ) -> Pagina:
        del data_inicial, data_final, tipo, moeda, referencia_externa  # for the documentation: read from the query below, with sentences
        query = {**request.query_params}
        filtros = listing.parse_filters(query, also=("limit", "cursor"))
        wanted = listing.parse_limit(limit)
        after = listing.parse_cursor(cursor, filtros)
        async with engine.connect() as connection:
            found = await entry_repository.page(connection, request.user.id, filtros, after, wanted + 1)
        itens = tuple(found[:wanted])
        return Pagina(itens=itens, proximo=listing.cursor(listing.place(itens[-1]), filtros) if len(found) > wanted else None)

    return [consultar_lancamento, listar_lancamentos]
