"""The first screen: the balance that follows by itself, and the form that records an entry."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from caixa_comum.problems import Problem
from caixa_gateway.pagina import formularios, telas
from caixa_gateway.pagina.formularios import Entrada
from caixa_gateway.pagina.pagina import PRIVATE, AnyRequest, Html, entered, form_of, now, render, today
from caixa_gateway.pagina.respostas import Lancamento, SaldosDoDia
from caixa_gateway.pagina.servicos import Resposta, Servicos
from caixa_gateway.pagina.sessao import Seal, Sessao

SALDO: Final = "/api/v1/saldos/atual"
LANCAMENTOS: Final = "/api/v1/lancamentos"
TRIES: Final = 10
PAUSE_SECONDS: Final = 0.3
NOT_MODIFIED: Final = 304
CONFLICT: Final = 409
UNKNOWN_OUTCOME: Final = 500
Shown = dict[str, Any]  # Any: what a template is given


class Caixa:
    """What the first screen shows."""

    def __init__(self, servicos: Servicos) -> None:
        """Ask these services."""
        self._servicos = servicos

    async def whole(self, sessao: Sessao, entrada: Entrada, told: Shown, *, status: int = 200) -> Html:
        """Show the whole screen."""
        shown = {**_form(entrada, today(sessao)), **told, **await self.balance(sessao), "aqui": "caixa", "titulo": "Caixa"}
        return render("caixa.html", sessao, status=status, **shown)

    async def balance(self, sessao: Sessao) -> Shown:
        """Ask for today's balance; where it does not come, tell since when."""
        try:
            return _balance((await self._servicos.ask(sessao, "saldo", SALDO)).checked(), sessao)
        except Problem as failure:
            if failure.status == 401:  # noqa: PLR2004  a session whose merchant is no longer served
                raise
            return {
                "saldo": None,
                "dia": "",
                "etag": "",
                "atualizado": "",
                "tentativa": now(sessao),
                "desde": _since(self._servicos, sessao),
            }

    async def record(self, sessao: Sessao, form: dict[str, str]) -> tuple[int, Entrada, Shown]:
        """Record what the form asks for: the status, the form to show next, and the outcome in words.

        Whatever was not recorded for sure keeps its key, so that trying again never counts twice.
        """
        entrada, wanted = formularios.entrada(form, today(sessao))
        if wanted is None:
            return 422, entrada, {}
        try:
            answer = (await _recorded(self._servicos, sessao, wanted, entrada.chave)).checked()
        except Problem as refusal:
            return refusal.status, entrada, _refused(refusal)
        return 200, formularios.vazia(today(sessao), entrada.tipo), _accepted(answer, sessao)

    async def includes(self, sessao: Sessao, lancamento_id: UUID) -> bool:
        """Tell whether an entry is in the balance, waiting for it a while."""
        try:
            (await self._servicos.ask(sessao, "saldo", f"{SALDO}?apos={lancamento_id}")).checked()
        except Problem:
            return False
        return True


def cash_routes(seal: Seal, servicos: Servicos) -> list[HTTPRouteHandler]:
    """Make the routes."""
    screen = Caixa(servicos)

    @get("/", include_in_schema=False)
    async def caixa(request: AnyRequest) -> Html:
        sessao = entered(request, seal)
        return await screen.whole(sessao, formularios.vazia(today(sessao)), {})

    @get("/saldo", include_in_schema=False)
    async def saldo(request: AnyRequest) -> Html:
        sessao = entered(request, seal)
        tag = request.headers.get("if-none-match")
        answer = (await servicos.ask(sessao, "saldo", SALDO, headers={"if-none-match": tag} if tag else None)).checked()
        if answer.status == NOT_MODIFIED:
            return Response("", status_code=NOT_MODIFIED, headers={**PRIVATE, "ETag": answer.headers.get("etag", "")})
        shown = _balance(answer, sessao)
        return render("_saldo.html", sessao, headers={"ETag": shown["etag"]}, **shown)

    @post("/lancamentos", status_code=200, include_in_schema=False)
    async def registrar(request: AnyRequest) -> Html:
        sessao = entered(request, seal)
        status, entrada, told = await screen.record(sessao, await form_of(request, sessao))
        if "hx-request" in request.headers:  # a part of a page: htmx swaps only what succeeded
            return render("_registro.html", sessao, **{**_form(entrada, today(sessao)), **told})
        return await screen.whole(sessao, entrada, told, status=status)

    @get("/saldo/inclui/{lancamento_id:uuid}", include_in_schema=False)
    async def inclui(request: AnyRequest, lancamento_id: FromPath[UUID]) -> Html:
        sessao = entered(request, seal)
        since = request.query_params.get("desde", "")[:8]
        incluido = await screen.includes(sessao, lancamento_id)
        return render("_a_caminho.html", sessao, id=str(lancamento_id), desde=since, incluido=incluido)

    return [caixa, saldo, registrar, inclui]


async def _recorded(servicos: Servicos, sessao: Sessao, wanted: object, chave: str) -> Resposta:
    """Post an entry; while the same key is still being worked on (a double tap), wait for its outcome. Raises Problem."""
    headers = {"idempotency-key": chave}
    answer = await servicos.ask(sessao, "fluxo", LANCAMENTOS, method="POST", content=wanted, headers=headers)
    for _ in range(TRIES):
        if answer.status != CONFLICT or "retry-after" not in answer.headers:
            break
        await asyncio.sleep(PAUSE_SECONDS)
        answer = await servicos.ask(sessao, "fluxo", LANCAMENTOS, method="POST", content=wanted, headers=headers)
    return answer


def _accepted(answer: Resposta, sessao: Sessao) -> Shown:
    made = answer.as_(Lancamento)
    return {
        "feito": telas.lancamento_na_tela(made, telas.fuso_de(sessao.fuso)),
        "repetido": "idempotency-replayed" in answer.headers,
        "feito_as": now(sessao),
    }


def _refused(refusal: Problem) -> Shown:
    if refusal.status == 401:  # noqa: PLR2004  a session whose merchant is no longer served
        raise refusal
    if refusal.status >= UNKNOWN_OUTCOME:
        return {"falha": "Não deu para confirmar agora. Toque de novo em registrar: se já valeu, não conta duas vezes."}
    return {"falha": refusal.detail}


def _form(entrada: Entrada, hoje: date) -> Shown:
    return {"entrada": entrada, "hoje": hoje.isoformat(), "feito": None, "repetido": False, "falha": "", "feito_as": ""}


def _balance(answer: Resposta, sessao: Sessao) -> Shown:
    day = answer.as_(SaldosDoDia)
    fuso = telas.fuso_de(sessao.fuso)
    newest = max((saldo.atualizado_em for saldo in day.saldos if saldo.atualizado_em), default=None)
    return {
        "saldo": telas.dia_na_tela(day),
        "dia": day.data.isoformat(),
        "etag": answer.headers.get("etag", ""),
        "tentativa": now(sessao),
        "desde": "",
        "atualizado": newest.astimezone(fuso).strftime("%d/%m %H:%M:%S") if newest else "",
    }


def _since(servicos: Servicos, sessao: Sessao) -> str:
    since = servicos.down_since("saldo")
    return telas.hora(datetime.fromtimestamp(since, UTC), telas.fuso_de(sessao.fuso)) if since is not None else now(sessao)
