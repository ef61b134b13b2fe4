"""One day: its balance and entries, undoing an entry, and closing the day."""

from datetime import date
from typing import Final
from urllib.parse import quote
from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from caixa_comum.problems import Problem
from caixa_gateway.pagina import formularios, telas
from caixa_gateway.pagina.pagina import AnyRequest, Html, Moved, entered, form_of, render, today
from caixa_gateway.pagina.respostas import Fechamento, Lancamento, Lancamentos, SaldosDoDia
from caixa_gateway.pagina.servicos import Servicos
from caixa_gateway.pagina.sessao import Seal, Sessao

LANCAMENTOS: Final = "/api/v1/lancamentos"
FECHAMENTOS: Final = "/api/v1/fechamentos"


class Dias:
    """What the screens of a day show."""

    def __init__(self, servicos: Servicos) -> None:
        """Ask these services."""
        self._servicos = servicos

    async def screen(
        self, request: AnyRequest, sessao: Sessao, dia: date, *, falha: str = "", fechamento: Fechamento | None = None, status: int = 200
    ) -> Html:
        """Show a day; its entries are shown even where its balance does not come."""
        cursor = request.query_params.get("cursor")
        more = f"&cursor={quote(cursor, safe='')}" if cursor else ""
        listed = await self._servicos.ask(sessao, "fluxo", f"{LANCAMENTOS}?data_inicial={dia}&data_final={dia}{more}")
        found = listed.checked().as_(Lancamentos)
        saldos = await self.balance(sessao, dia)
        over = dia < today(sessao)
        fechamento = fechamento or (await self.receipt(sessao, dia) if over else None)
        return render(
            "dia.html",
            sessao,
            status=status,
            aqui="relatorio",
            titulo=f"{dia:%d/%m} · Caixa",
            dia=dia.isoformat(),
            longa=telas.dia_longo(dia),
            semana=telas.SEMANA[dia.weekday()],
            saldos=saldos,
            itens=telas.lancamentos_na_tela(found.itens, telas.fuso_de(sessao.fuso)),
            proximo=quote(found.proximo, safe="") if found.proximo else "",
            fechamento=fechamento,
            fechavel=over and fechamento is None,
            estornado=request.query_params.get("estornado", "") != "",
            falha=falha,
        )

    async def balance(self, sessao: Sessao, dia: date) -> telas.DiaNaTela | None:
        """Ask for a day's balance; None where it does not come."""
        try:
            return telas.dia_na_tela((await self._servicos.ask(sessao, "saldo", f"/api/v1/saldos/{dia}")).checked().as_(SaldosDoDia))
        except Problem:
            return None

    async def receipt(self, sessao: Sessao, dia: date) -> Fechamento | None:
        """Ask for the receipt of a day; None where it is open, or where the answer does not come."""
        try:
            return (await self._servicos.ask(sessao, "fluxo", f"{FECHAMENTOS}/{dia}")).checked().as_(Fechamento)
        except Problem:
            return None

    async def entry(self, sessao: Sessao, lancamento_id: UUID) -> Lancamento:
        """Ask for one entry. Raises Problem."""
        return (await self._servicos.ask(sessao, "fluxo", f"{LANCAMENTOS}/{lancamento_id}")).checked().as_(Lancamento)

    async def confirmation(self, sessao: Sessao, item: Lancamento, chave: str, *, falha: str = "", status: int = 200) -> Html:
        """Ask whether an entry is really to be undone."""
        shown = telas.lancamento_na_tela(item, telas.fuso_de(sessao.fuso))
        return render(
            "estorno.html",
            sessao,
            status=status,
            item=shown,
            chave=chave,
            falha=falha,
            aqui="relatorio",
            titulo="Desfazer lançamento · Caixa",
        )


def day_routes(seal: Seal, servicos: Servicos) -> list[HTTPRouteHandler]:
    """Make the routes."""
    dias = Dias(servicos)

    @get("/dia/{dia:date}", include_in_schema=False)
    async def ver(request: AnyRequest, dia: FromPath[date]) -> Html:
        return await dias.screen(request, entered(request, seal), dia)

    @get("/lancamentos/{lancamento_id:uuid}/estorno", include_in_schema=False)
    async def confirmar(request: AnyRequest, lancamento_id: FromPath[UUID]) -> Html:
        sessao = entered(request, seal)
        return await dias.confirmation(sessao, await dias.entry(sessao, lancamento_id), formularios.nova_chave())

    @post("/lancamentos/{lancamento_id:uuid}/estorno", status_code=200, include_in_schema=False)
    async def estornar(request: AnyRequest, lancamento_id: FromPath[UUID]) -> Html:
        sessao = entered(request, seal)
        form = await form_of(request, sessao)
        chave = form.get("chave", "")[:64] or formularios.nova_chave()
        target = f"{LANCAMENTOS}/{lancamento_id}/estorno"
        item = await dias.entry(sessao, lancamento_id)
        try:
            answer = await servicos.ask(sessao, "fluxo", target, method="POST", content={}, headers={"idempotency-key": chave})
            answer.checked()
        except Problem as refusal:
            return await dias.confirmation(sessao, item, chave, falha=refusal.detail, status=refusal.status)
        return Moved(f"/dia/{item.data}?estornado={lancamento_id}").response()

    @post("/dia/{dia:date}/fechamento", status_code=200, include_in_schema=False)
    async def fechar(request: AnyRequest, dia: FromPath[date]) -> Html:
        sessao = entered(request, seal)
        form = await form_of(request, sessao)
        if form.get("confirmo") != "sim":
            return await dias.screen(request, sessao, dia, falha="Marque a caixa para confirmar o fechamento.", status=422)
        chave = form.get("chave", "")[:64] or formularios.nova_chave()
        try:
            asked = {"data": dia.isoformat()}
            answer = await servicos.ask(sessao, "fluxo", FECHAMENTOS, method="POST", content=asked, headers={"idempotency-key": chave})
            made = answer.checked().as_(Fechamento)
        except Problem as refusal:
            return await dias.screen(request, sessao, dia, falha=refusal.detail, status=refusal.status)
        return await dias.screen(request, sessao, dia, fechamento=made)

    return [ver, confirmar, estornar, fechar]
