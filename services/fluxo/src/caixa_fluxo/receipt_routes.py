"""The routes that give the receipts of closed days."""

import re
from collections.abc import AsyncIterator
from datetime import date, timedelta

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.authentication import requires_scope
from caixa_comum.problems import Erro, Problem
from caixa_fluxo import closing_repository, documentation, listing
from caixa_fluxo.closing_routes import FECHAMENTOS, TAGS
from caixa_fluxo.fechamento import Recibo, Recibos
from caixa_fluxo.parameters import Cursor, Dia, Limite
from caixa_fluxo.recording_routes import MerchantRequest
from caixa_fluxo.rules import PRIMEIRO_DIA

PAGINA = 200


def receipt_routes(engine: AsyncEngine) -> list[HTTPRouteHandler]:
    """Make the routes, which read with this engine."""

    @get(
        FECHAMENTOS,
        guards=[requires_scope("lancamentos")],
        operation_id="listarFechamentos",
        summary="Listar os recibos dos dias fechados",
        description="O dia mais novo primeiro.",
        tags=TAGS,
        responses=documentation.problems(400, 503),
    )
    async def listar_fechamentos(request: MerchantRequest, limit: Limite = None, cursor: Cursor = None) -> Recibos:
        refuse_unknown(request, ("limit", "cursor"))
        wanted = listing.parse_limit(limit)
        before = None if cursor is None else day(cursor, "cursor")
        async with engine.connect() as connection:
            found = await closing_repository.receipts(connection, request.user.id, wanted + 1, before=before)
        itens = tuple(found[:wanted])
        return Recibos(itens=itens, proximo=itens[-1].data.isoformat() if len(found) > wanted else None)

    @get(
        FECHAMENTOS + "/exportacao",
        guards=[requires_scope("lancamentos")],
        operation_class=documentation.texts("application/x-ndjson"),
        operation_id="exportarFechamentos",
        summary="Exportar os recibos",
        description="NDJSON, o dia mais antigo primeiro: o que `caixa-fluxo verificar-recibos` confere sem rede.",
        tags=TAGS,
        media_type="application/x-ndjson",
        responses=documentation.problems(400, 503),
    )
    async def exportar_fechamentos(request: MerchantRequest) -> Stream:
        refuse_unknown(request, ())

        async def lines(after: date = PRIMEIRO_DIA - timedelta(days=1)) -> AsyncIterator[bytes]:
            while True:
                async with engine.connect() as connection:
                    page = await closing_repository.receipts(connection, request.user.id, PAGINA, after=after)
                if page:
                    yield b"".join(msgspec.json.encode(one) + b"\n" for one in page)
                    after = page[-1].data
                if len(page) < PAGINA:
                    return

        headers = {"Content-Disposition": 'attachment; filename="recibos.ndjson"'}
        return Stream(lines(), media_type="application/x-ndjson", headers=headers)

    @get(
        FECHAMENTOS + "/{dia:str}",
        guards=[requires_scope("lancamentos")],
        operation_id="consultarFechamento",
        summary="Consultar o recibo de um dia",
        tags=TAGS,
        responses=documentation.problems(400, 404, 503),
    )
    async def consultar_fechamento(request: MerchantRequest, dia: Dia) -> Recibo:
        wanted = day(dia, "dia")
        async with engine.connect() as connection:
            found = await closing_repository.receipt(connection, request.user.id, wanted)
        if found is None:
            raise Problem(404, "Não encontrado", f"O dia {wanted} não tem recibo: não foi fechado.")
        return found

    return [listar_fechamentos, exportar_fechamentos, consultar_fechamento]


def refuse_unknown(request: MerchantRequest, accepted: tuple[str, ...]) -> None:
    """Raise the 400 Problem that points at every parameter that is not accepted."""
    erros = [Erro("parâmetro desconhecido", listing.pointer(name)) for name in request.query_params if name not in accepted]
    if erros:
        raise listing.refused(erros)


def day(text: str, name: str) -> date:
    """Read a day as AAAA-MM-DD; raises the 400 Problem that points at `name`."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise listing.refused([Erro("deve ser um dia do calendário na forma AAAA-MM-DD", f"/{name}")])
