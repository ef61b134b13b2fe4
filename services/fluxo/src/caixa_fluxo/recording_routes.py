"""The routes that record entries."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from caixa_comum import bodies, tracing
from caixa_comum.authentication import Comerciante, requires_scope
from caixa_comum.identifiers import uuid7
from caixa_comum.problems import Erro, Problem
from caixa_comum.tokens import Claims
from caixa_fluxo import documentation, idempotency, rules
from caixa_fluxo.lancamento import Lancamento, NovoLancamento
from caixa_fluxo.refusals import REFUSALS, problem
from caixa_fluxo.registrar import Registrar, registration
from caixa_fluxo.registration import Answer, Registration

LANCAMENTOS = "/api/v1/lancamentos"
MerchantRequest = Request[Comerciante, Claims, Any]  # Any: Litestar's state, unused


def recording_routes(registrar: Registrar, clock: Callable[[], datetime]) -> list[HTTPRouteHandler]:
    """Make the routes; `clock` tells the instant in UTC."""

    @post(
        LANCAMENTOS,
        guards=[requires_scope("lancamentos")],
        operation_class=documentation.operation(NovoLancamento),
        operation_id="registrarLancamento",
        summary="Registrar um lançamento",
        tags=["Lançamentos"],
        responses={201: ResponseSpec(Lancamento, generate_examples=False), **documentation.problems(400, 409, 413, 415, 422, 503)},
    )
    async def registrar_lancamento(request: MerchantRequest) -> Response[bytes]:
        chave = idempotency.key(request.headers.get(idempotency.HEADER))
        novo = await bodies.read(request, NovoLancamento)
        agora = clock()
        comerciante = request.user
        refuse(rules.violations(novo, fuso=comerciante.fuso, agora=agora))
        entry = rules.registro(novo, id=uuid7(), comerciante_id=comerciante.id, fuso=comerciante.fuso, agora=agora)
        impressao = idempotency.fingerprint(f"POST {LANCAMENTOS}", novo)
        return await record(registrar, registration(entry, chave=chave, impressao=impressao, traceparent=tracing.current()))

    return [registrar_lancamento]


def refuse(erros: tuple[Erro, ...]) -> None:
    """Raise the 422 Problem that names every violation, if there is one."""
    if erros:
        raise Problem(422, "Dados inválidos", "; ".join(f"{erro.ponteiro}: {erro.detalhe}" for erro in erros[:5]), erros=erros)


async def record(registrar: Registrar, wanted: Registration) -> Response[bytes]:
    """Register and answer. Raises the refusal's Problem."""
    try:
        return rendered(await registrar.register(wanted))
    except REFUSALS as refusal:
        raise problem(refusal) from refusal


def rendered(answer: Answer) -> Response[bytes]:
    """Turn an answer into a response, marked when it is a replay."""
    headers = {"Location": answer.location} if answer.location else {}
    if answer.replayed:
        headers[idempotency.REPLAYED] = "true"
    return Response(answer.corpo, status_code=answer.status, headers=headers, media_type="application/json")
