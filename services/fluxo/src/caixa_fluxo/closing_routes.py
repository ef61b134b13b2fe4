"""The route that closes days."""

from collections.abc import Callable
from datetime import datetime

import msgspec
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum import bodies, tracing
from caixa_comum.authentication import requires_scope
from caixa_comum.problems import Erro, Problem
from caixa_fluxo import closing, documentation, fechamento, idempotency
from caixa_fluxo.fechamento import DiaJaFechado, NovoFechamento, Recibo
from caixa_fluxo.recording_routes import MerchantRequest, rendered
from caixa_fluxo.refusals import REFUSALS, problem

FECHAMENTOS = "/api/v1/fechamentos"
TAGS = ["Fechamentos"]


def closing_routes(engine: AsyncEngine, clock: Callable[[], datetime]) -> list[HTTPRouteHandler]:
    """Make the route; `clock` tells the instant in UTC."""

    @post(
        FECHAMENTOS,
        guards=[requires_scope("lancamentos")],
        operation_class=documentation.operation(NovoFechamento),
        operation_id="fecharDia",
        summary="Fechar um dia",
        description=(
            "Fecha um dia que já acabou no fuso do comerciante e, com ele, todos os anteriores ainda abertos, em ordem: um recibo por dia, "
            "cada um encadeado ao anterior por SHA-256. Depois disso nenhum lançamento entra nesses dias (409). "
            "A resposta é o recibo do dia pedido; um dia já fechado recebe 409 com o seu `recibo`."
        ),
        tags=TAGS,
        responses={201: ResponseSpec(Recibo, generate_examples=False), **documentation.problems(400, 409, 413, 415, 422, 503)},
    )
    async def fechar_dia(request: MerchantRequest) -> Response[bytes]:
        chave = idempotency.key(request.headers.get(idempotency.HEADER))
        novo = await bodies.read(request, NovoFechamento)
        comerciante = request.user
        fechamento.refuse_open(novo.data, fuso=comerciante.fuso, agora=clock())
        impressao = idempotency.fingerprint(f"POST {FECHAMENTOS}", novo)
        pedido = closing.Pedido(
            comerciante_id=comerciante.id, data=novo.data, chave=chave, impressao=impressao, traceparent=tracing.current()
        )
        try:
            return rendered(await closing.close(engine, pedido, clock))
        except DiaJaFechado as closed:
            raise already_closed(closed) from closed
        except REFUSALS as refusal:
            raise problem(refusal) from refusal

    return [fechar_dia]


def already_closed(closed: DiaJaFechado) -> Problem:
    """Give the 409 Problem of a day that is closed, with its receipt."""
    extra = {} if closed.recibo is None else {"existente": str(closed.recibo.id), "recibo": msgspec.to_builtins(closed.recibo)}
    return Problem(
        409,
        "Dia já fechado",
        f"O dia {closed.dia} já foi fechado.",
        erros=[Erro(f"o dia {closed.dia} já foi fechado", "#/data")],
        extra=extra,
    )
