"""The route that records many entries at once, all or nothing."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum import bodies, tracing
from caixa_comum.authentication import requires_scope
from caixa_fluxo import documentation, idempotency, lote, lote_recording
from caixa_fluxo.lote import LoteRegistrado, NovoLote
from caixa_fluxo.lote_recording import LOTE, Pedido
from caixa_fluxo.recording_routes import MerchantRequest, rendered
from caixa_fluxo.refusals import REFUSALS, problem
from caixa_fluxo.registrar import KeysInFlight
from caixa_fluxo.turns import Turns

AT_ONCE = 3
"""Lotes that a process works on at once: each holds its body and a connection."""

EACH = 2
"""Of which one merchant's: a merchant that sends slowly keeps nobody else waiting."""

WAIT_SECONDS = 10.0


def lote_routes(engine: AsyncEngine, keys: KeysInFlight, clock: Callable[[], datetime]) -> list[HTTPRouteHandler]:
    """Make the route; `clock` tells the instant in UTC, `keys` are those that single entries use too."""
    turns = Turns(at_once=AT_ONCE, each=EACH, seconds=WAIT_SECONDS)

    @post(
        LOTE,
        guards=[requires_scope("lancamentos")],
        operation_class=documentation.operation(NovoLote),
        operation_id="registrarLote",
        summary="Registrar lançamentos em lote",
        description=(
            f"De 1 a {lote.MAIS_LANCAMENTOS} lançamentos, todos ou nenhum, sob uma só Idempotency-Key; no máximo {lote.MAIOR_CORPO} bytes. "
            "A resposta traz os lançamentos na ordem enviada. Quando algum não é aceito nada é registrado, e `erros` aponta tudo o que há "
            f"de errado (até {lote.MAIS_ERROS} erros): com 409, `existentes` diz, por ponteiro, que lançamento já tem a referência."
        ),
        tags=["Lançamentos"],
        responses={201: ResponseSpec(LoteRegistrado, generate_examples=False), **documentation.problems(400, 409, 413, 422, 503)},
    )
    async def registrar_lote(request: MerchantRequest) -> Response[bytes]:
        chave = idempotency.key(request.headers.get(idempotency.HEADER))
        try:
            async with turns.turn(request.user.id):
                bodies.refuse_type(request)
                body = await bodies.read_bytes(request, maior=lote.MAIOR_CORPO)
                pedido = Pedido(comerciante=request.user, chave=chave, traceparent=tracing.current(), agora=clock())
                # In a thread: it is the work of tens of milliseconds, and single entries are not made to wait for it.
                wanted = await asyncio.to_thread(lote_recording.prepared, body, pedido)
                return rendered(await lote_recording.record(engine, keys, wanted))
        except REFUSALS as refusal:
            raise problem(refusal) from refusal

    return [registrar_lote]
