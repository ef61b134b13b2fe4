"""The daily report, its chart, and its CSV."""

from typing import Final, cast

from litestar import Request, asgi, get
from litestar.handlers import ASGIRouteHandler, HTTPRouteHandler
from litestar.types import HTTPScope, Receive, Scope, Send

from caixa_comum.problems import problem
from caixa_gateway.pagina import formularios, telas
from caixa_gateway.pagina.grafico import grafico
from caixa_gateway.pagina.pagina import PRIVATE, AnyRequest, Html, entered, render, today
from caixa_gateway.pagina.respostas import Relatorio
from caixa_gateway.pagina.servicos import Servicos
from caixa_gateway.pagina.sessao import Seal, Sessao

SALDOS: Final = "/api/v1/saldos"
EXPORTACAO: Final = "/api/v1/lancamentos/exportacao"
CSV: Final = "/relatorio/lancamentos.csv"


def report_routes(seal: Seal, servicos: Servicos) -> list[HTTPRouteHandler | ASGIRouteHandler]:
    """Make the routes."""

    @get("/relatorio", include_in_schema=False)
    async def relatorio(request: AnyRequest) -> Html:
        sessao = entered(request, seal)
        hoje = today(sessao)
        erro = ""
        try:
            chosen = _chosen(request, sessao)
        except telas.PeriodoErrado as error:
            chosen, erro = telas.periodo(None, None, hoje), str(error)
        answer = await servicos.ask(sessao, "saldo", f"{SALDOS}?de={chosen.de}&ate={chosen.ate}")
        found = answer.checked().as_(Relatorio)
        return render(
            "relatorio.html",
            sessao,
            aqui="relatorio",
            titulo="Relatório · Caixa",
            periodo=chosen,
            por_extenso=f"{telas.dia_longo(chosen.de)} a {telas.dia_longo(chosen.ate)}",
            atalhos=telas.atalhos(hoje),
            erro=erro,
            resumo=telas.resumo(found),
            grafico=grafico(found),
            dias=[telas.dia_na_tela(dia) for dia in reversed(found.dias)],
            csv=f"{CSV}?de={chosen.de}&ate={chosen.ate}",
        )

    @asgi(CSV, copy_scope=True)
    async def exportacao(scope: Scope, receive: Receive, send: Send) -> None:
        """Stream the entries of the report's days as CSV; one that breaks off half-way breaks off for the browser too."""
        request: AnyRequest = Request(cast("HTTPScope", scope), receive)
        sessao = entered(request, seal)
        try:
            chosen = _chosen(request, sessao)
        except telas.PeriodoErrado as error:
            raise problem(400, str(error)) from error
        target = f"{EXPORTACAO}?formato=csv&data_inicial={chosen.de}&data_final={chosen.ate}"
        async with servicos.streamed(sessao, "fluxo", target) as answer:
            if answer.status != 200:  # noqa: PLR2004  RFC 9110, section 15.3.1
                raise problem(502, "A exportação não está disponível agora. Tente de novo em instantes.")
            name = f"lancamentos-{chosen.de}-a-{chosen.ate}.csv"
            headers = {**PRIVATE, "Content-Type": "text/csv; charset=utf-8", "Content-Disposition": f'attachment; filename="{name}"'}
            raw = [(key.lower().encode(), value.encode()) for key, value in headers.items()]
            await send({"type": "http.response.start", "status": 200, "headers": raw})
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return [relatorio, exportacao]


def _chosen(request: AnyRequest, sessao: Sessao) -> telas.Periodo:
    de, ate = (formularios.dia(request.query_params.get(name, "")) for name in ("de", "ate"))
    return telas.periodo(de, ate, today(sessao))
