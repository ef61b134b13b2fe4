"""The REST API of balances: today's, a day's, and the daily report."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, PathParameter, QueryParameter

from caixa_comum.authentication import Comerciante, requires_scope
from caixa_comum.dominio import hoje
from caixa_comum.problems import CONTENT_TYPE, ProblemDetails
from caixa_comum.tokens import Claims
from caixa_saldo.balance_reads import BalanceReads
from caixa_saldo.daily_balance import RelatorioDiario, SaldosDoDia
from caixa_saldo.entity_tags import entity_tag, matches
from caixa_saldo.parameters import only_known, parse_date, parse_event_id, parse_range

MerchantRequest = Request[Comerciante, Claims, State]
Clock = Callable[[], datetime]

PROBLEMS = {
    400: "Parâmetro ausente, desconhecido ou fora da forma aceita",
    401: "Token ausente ou não aceito",
    403: "Token sem o escopo saldos",
    503: "Banco de dados indisponível",
    504: "O lançamento de `apos` ainda está a caminho",
}
APOS = (
    "Id de um lançamento: a resposta espera (até 5 s) que ele esteja incluído no saldo; "
    "se não estiver a tempo, a resposta é 504 e o lançamento continua a caminho."
)
Apos = Annotated[str | None, QueryParameter(name="apos", description=APOS, schema_extra={"format": "uuid"})]
Dia = Annotated[str, PathParameter(description="Dia do calendário, AAAA-MM-DD", schema_extra={"format": "date"})]
De = Annotated[str | None, QueryParameter(name="de", description="Primeiro dia, AAAA-MM-DD", schema_extra={"format": "date"})]
Ate = Annotated[
    str | None, QueryParameter(name="ate", description="Último dia, AAAA-MM-DD; 366 dias no máximo", schema_extra={"format": "date"})
]
IfNoneMatch = Annotated[str | None, HeaderParameter(name="If-None-Match", description="ETag já conhecida: 304 se nada mudou")]


def balance_routes(reads: BalanceReads, clock: Clock) -> list[HTTPRouteHandler]:
    """Make the three reads; each answers 304 to a client that holds the same answer already."""

    @get("/api/v1/saldos/atual", **_documented("Saldo de hoje, no fuso do comerciante", SaldosDoDia))
    async def saldo_atual(request: MerchantRequest, apos: Apos = None, if_none_match: IfNoneMatch = None) -> Response[bytes]:
        only_known(request.query_params, frozenset({"apos"}))
        await reads.after(request.user.id, parse_event_id(apos))
        dia = hoje(request.user.fuso, clock())
        report = await reads.report(request.user.id, dia, dia)
        return _answer(report.dias[0], if_none_match)

    @get("/api/v1/saldos/{dia:str}", **_documented("Saldo de um dia", SaldosDoDia))
    async def saldo_do_dia(request: MerchantRequest, dia: Dia, apos: Apos = None, if_none_match: IfNoneMatch = None) -> Response[bytes]:
        only_known(request.query_params, frozenset({"apos"}))
        day, event_id = parse_date(dia, "dia"), parse_event_id(apos)
        await reads.after(request.user.id, event_id)
        report = await reads.report(request.user.id, day, day)
        return _answer(report.dias[0], if_none_match)

    @get("/api/v1/saldos", **_documented("Relatório diário: um item por dia, sem lacunas", RelatorioDiario))
    async def relatorio(
        request: MerchantRequest, de: De = None, ate: Ate = None, apos: Apos = None, if_none_match: IfNoneMatch = None
    ) -> Response[bytes]:
        only_known(request.query_params, frozenset({"de", "ate", "apos"}))
        (first, last), event_id = parse_range(de, ate), parse_event_id(apos)
        await reads.after(request.user.id, event_id)
        return _answer(await reads.report(request.user.id, first, last), if_none_match)

    return [saldo_atual, saldo_do_dia, relatorio]


def _documented(summary: str, answer: type[msgspec.Struct]) -> dict[str, Any]:  # Any: Litestar's own keyword arguments
    problems = {
        status: ResponseSpec(ProblemDetails, description=text, media_type=CONTENT_TYPE, generate_examples=False)
        for status, text in PROBLEMS.items()
    }
    return {
        "summary": summary,
        "tags": ["saldos"],
        "guards": [requires_scope("saldos")],
        "responses": {
            200: ResponseSpec(answer, description=summary, generate_examples=False),
            304: ResponseSpec(None, description="Nada mudou desde a ETag enviada", generate_examples=False),
            **problems,
        },
    }


def _answer(content: msgspec.Struct, if_none_match: str | None) -> Response[bytes]:
    body = msgspec.json.encode(content)
    tag = entity_tag(body)
    # Private, and asked for again each time: a balance is someone's, and the next entry may be in it already.
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if matches(if_none_match, tag):
        return Response(b"", status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
