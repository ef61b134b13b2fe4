"""The route that reverses an entry (estorno)."""

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum import bodies, tracing
from caixa_comum.authentication import requires_scope
from caixa_comum.identifiers import uuid7
from caixa_comum.problems import Problem
from caixa_fluxo import day_locks, documentation, entry_repository, idempotency, rules
from caixa_fluxo.lancamento import Lancamento, NovoEstorno
from caixa_fluxo.recording_routes import LANCAMENTOS, MerchantRequest, rendered
from caixa_fluxo.refusals import REFUSALS, problem
from caixa_fluxo.registrar import Registrar, registration
from caixa_fluxo.registration import Answer, DayClosed


def reversal_routes(engine: AsyncEngine, registrar: Registrar, clock: Callable[[], datetime]) -> list[HTTPRouteHandler]:
    """Make the route; `clock` tells the instant in UTC."""

    @post(
        LANCAMENTOS + "/{lancamento_id:uuid}/estorno",
        guards=[requires_scope("lancamentos")],
        operation_class=documentation.operation(NovoEstorno, required=False),
        operation_id="estornarLancamento",
        summary="Estornar um lançamento",
        description=(
            "Registra o lançamento oposto, ligado ao original. Um lançamento tem no máximo um estorno, e um estorno não se estorna. "
            "A data é a do original enquanto o dia está aberto; depois, hoje."
        ),
        tags=["Lançamentos"],
        responses={201: ResponseSpec(Lancamento, generate_examples=False), **documentation.problems(400, 404, 409, 413, 415, 422, 503)},
    )
    async def estornar_lancamento(request: MerchantRequest, lancamento_id: FromPath[UUID]) -> Response[bytes]:
        chave = idempotency.key(request.headers.get(idempotency.HEADER))
        novo = await bodies.read(request, NovoEstorno, vazio=NovoEstorno())
        comerciante = request.user
        async with engine.connect() as connection:
            found = await entry_repository.find(connection, lancamento_id, comerciante.id)
            fechado_ate = await day_locks.closed_until(connection, comerciante.id)
        original = reversible(found)
        impressao = idempotency.fingerprint(f"POST {LANCAMENTOS}/{lancamento_id}/estorno", novo)

        async def attempt(fechado_ate: date | None) -> Answer:
            entry = rules.estorno(
                original, novo, id=uuid7(), comerciante_id=comerciante.id, fechado_ate=fechado_ate, fuso=comerciante.fuso, agora=clock()
            )
            return await registrar.register(registration(entry, chave=chave, impressao=impressao, traceparent=tracing.current()))

        try:
            try:
                return rendered(await attempt(fechado_ate))
            except DayClosed as closed:  # while we looked: so the estorno belongs to today
                return rendered(await attempt(closed.fechado_ate))
        except REFUSALS as refusal:
            raise problem(refusal) from refusal

    return [estornar_lancamento]


def reversible(original: Lancamento | None) -> Lancamento:
    """Return the entry; raises the 404 Problem where there is none, and the 409 one of an estorno."""
    if original is None:
        raise Problem(404, "Não encontrado", "Este lançamento não existe.")
    if original.estorna_id is not None:
        raise Problem(
            409,
            "Um estorno não se estorna",
            f"Este lançamento já é o estorno de {original.estorna_id}: registre um lançamento novo.",
            extra={"estorna_id": str(original.estorna_id)},
        )
    return original
