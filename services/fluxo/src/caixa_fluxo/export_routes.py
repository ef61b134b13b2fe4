"""The route that exports entries: a stream of constant memory, from one snapshot of the database."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from uuid import UUID

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.authentication import requires_scope
from caixa_comum.problems import Erro, unavailable
from caixa_fluxo import documentation, entry_repository, export, listing
from caixa_fluxo.lancamento import Lancamento
from caixa_fluxo.listing import Filtros
from caixa_fluxo.parameters import DataFinal, DataInicial, Formato, MoedaBuscada, ReferenciaBuscada, TipoBuscado
from caixa_fluxo.recording_routes import LANCAMENTOS, MerchantRequest

PAGINA = 500
AT_ONCE = 3
"""Exports that a process serves at once: each keeps a connection and a snapshot until it ends."""

LONGEST_SECONDS = 600.0
TYPES = {"csv": "text/csv", "ndjson": "application/x-ndjson"}


class Exports:
    """Reads exports, a few at once."""

    def __init__(self, engine: AsyncEngine, *, rows: int = PAGINA) -> None:
        self._engine = engine
        self._rows = rows
        self._running = 0

    async def pages(self, comerciante_id: UUID, filtros: Filtros) -> AsyncGenerator[list[Lancamento], None]:
        """Give the entries page by page, all as they were when the first one was read. Raises the 503 Problem when too many run."""
        if self._running >= AT_ONCE:
            raise unavailable("Há exportações demais ao mesmo tempo. Tente de novo em instantes.")
        self._running += 1
        try:
            async with asyncio.timeout(LONGEST_SECONDS), self._engine.connect() as connection:
                await connection.execution_options(isolation_level="REPEATABLE READ")
                after = None
                while True:
                    page = await entry_repository.page(connection, comerciante_id, filtros, after, self._rows)
                    yield page
                    if len(page) < self._rows:
                        return
                    after = listing.place(page[-1])
        finally:
            self._running -= 1


def export_routes(engine: AsyncEngine) -> list[HTTPRouteHandler]:
    """Make the route, which reads with this engine."""
    exports = Exports(engine)

    @get(
        LANCAMENTOS + "/exportacao",
        guards=[requires_scope("lancamentos")],
        operation_class=documentation.texts(*TYPES.values()),
        operation_id="exportarLancamentos",
        summary="Exportar lançamentos",
        description=(
            "CSV para planilhas (`;`, vírgula decimal, UTF-8) ou NDJSON, com os filtros e a ordem da lista: tudo o que havia no instante "
            "do pedido, e nada do que veio depois."
        ),
        tags=["Lançamentos"],
        responses=documentation.problems(400, 503),
    )
    async def exportar_lancamentos(
        request: MerchantRequest,
        formato: Formato = None,
        data_inicial: DataInicial = None,
        data_final: DataFinal = None,
        tipo: TipoBuscado = None,
        moeda: MoedaBuscada = None,
        referencia_externa: ReferenciaBuscada = None,
    ) -> Stream:
        del data_inicial, data_final, tipo, moeda, referencia_externa  # for the documentation: read from the query below, with sentences
        filtros = listing.parse_filters({**request.query_params}, also=("formato",))
        if formato not in TYPES:
            raise listing.refused([Erro("deve ser csv ou ndjson", "/formato")])
        pages = exports.pages(request.user.id, filtros)
        first = await anext(pages)  # before the answer begins, so that a database that is away is a 503

        async def content() -> AsyncIterator[bytes]:
            write = export.csv_rows if formato == "csv" else export.ndjson
            yield (export.csv_header() if formato == "csv" else b"") + write(first)
            async for page in pages:
                yield write(page)

        headers = {"Content-Disposition": f'attachment; filename="lancamentos.{formato}"'}
        return Stream(content(), media_type=TYPES[formato], headers=headers)

    return [exportar_lancamentos]
