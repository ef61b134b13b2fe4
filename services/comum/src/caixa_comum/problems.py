"""Errors as part of the product: RFC 9457 problem details in Portuguese, each with a pointer to the field that is wrong."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from caixa_comum.database import is_unavailable
from caixa_comum.request_id import current_request_id

CONTENT_TYPE = "application/problem+json"
RETRY_SECONDS = 2

TITULOS = {
    400: "Pedido inválido",
    401: "Autenticação necessária",
    403: "Sem permissão",
    404: "Não encontrado",
    405: "Método não permitido",
    406: "Formato não disponível",
    408: "Pedido lento demais",
    409: "Conflito",
    413: "Corpo grande demais",
    415: "Tipo de conteúdo não aceito",
    422: "Dados inválidos",
    429: "Pedidos demais",
    500: "Erro interno",
    502: "Resposta inválida do serviço",
    503: "Serviço indisponível",
    504: "Tempo esgotado",
}

_log = structlog.get_logger(__name__)


class Erro(msgspec.Struct, frozen=True):
    """One thing that is wrong, and where: a JSON pointer as a URI fragment (`#/valor`), or a parameter's name (`/de`)."""

    detalhe: str
    ponteiro: str


class ProblemDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every error (RFC 9457, section 3), extended by `erros` and the request's id."""

    type: str
    title: str
    status: int
    detail: str
    erros: tuple[Erro, ...] = ()
    request_id: str | None = None


class Problem(Exception):
    """An answer that is an error: raised anywhere in a request, rendered at its boundary."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        type: str = "about:blank",  # noqa: A002  RFC 9457's own name
        erros: Sequence[Erro] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,  # Any: members of one problem type, such as the id of an existing entry
    ) -> None:
        """Give the status, its title and a sentence in Portuguese that says what to do, and what is wrong where."""
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.type = type
        self.erros = tuple(erros)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})


def invalid(detalhe: str, ponteiro: str, *, status: int = 422) -> Problem:
    """Give the problem of one field that is wrong."""
    return problem(status, detalhe, erros=[Erro(detalhe, ponteiro)])


def problem(status: int, detail: str, *, erros: Sequence[Erro] = (), headers: Mapping[str, str] | None = None) -> Problem:
    """Give a problem with its status's usual title."""
    return Problem(status, TITULOS[status], detail, erros=erros, headers=headers)


def body_of(answer: Problem, request_id: str | None) -> dict[str, Any]:  # Any: JSON
    """Build the JSON object of a problem; extensions stand beside the standard members."""
    body: dict[str, Any] = {"type": answer.type, "title": answer.title, "status": answer.status, "detail": answer.detail}
    if answer.erros:
        body["erros"] = [msgspec.to_builtins(erro) for erro in answer.erros]
    body |= answer.extra
    if request_id:
        body["request_id"] = request_id
    return body


AnyRequest = Request[Any, Any, Any]  # Any: handlers serve every user, auth and state


def problem_response(_request: AnyRequest, answer: Problem) -> Response[dict[str, Any]]:
    """Render a problem as an answer."""
    return Response(
        body_of(answer, current_request_id()),
        status_code=answer.status,
        headers={"Cache-Control": "no-store", **answer.headers},
        media_type=CONTENT_TYPE,
    )


def _on_problem(request: AnyRequest, error: Problem) -> Response[dict[str, Any]]:
    return problem_response(request, error)


def _on_validation(request: AnyRequest, error: ValidationException) -> Response[dict[str, Any]]:
    """Answer parameters that Litestar itself refused: of the path, the query or a header."""
    erros = []
    for item in error.extra if isinstance(error.extra, list) else []:
        name = str(item.get("key") or "") if isinstance(item, dict) else ""
        erros.append(Erro(f"o parâmetro '{name}' está ausente ou não tem a forma aceita", f"/{name}"))
    if not erros:
        # A parameter that is missing has no entry of its own, only a sentence that begins with its name.
        name = str(error.detail).partition("Missing required ")[2].partition("'")[2].partition("'")[0]
        erros.append(Erro(f"o parâmetro '{name}' é obrigatório" if name else "um parâmetro está ausente ou errado", f"/{name}"))
    return problem_response(request, problem(400, "Um parâmetro do pedido está errado.", erros=erros))


def _on_http(request: AnyRequest, error: HTTPException) -> Response[dict[str, Any]]:
    """Answer what Litestar refused before a handler ran: unknown routes, other methods, bodies too large."""
    status = error.status_code
    details = {
        404: "Não há nada neste endereço.",
        405: "Este endereço não aceita este método.",
        413: "O corpo do pedido é grande demais.",
    }
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _on_anything(request, error)
    title = TITULOS.get(status, "Pedido recusado")
    return problem_response(request, Problem(status, title, details.get(status, "O pedido foi recusado."), headers=error.headers))


def unavailable(detail: str = "O registro está indisponível agora. Tente de novo em instantes.") -> Problem:
    """Give the problem that says that the service cannot answer now and when to try again (RFC 9110, section 10.2.3)."""
    return problem(503, detail, headers={"Retry-After": str(RETRY_SECONDS)})


def _on_anything(request: AnyRequest, error: Exception) -> Response[dict[str, Any]]:
    """Answer everything unforeseen: told to us with its traceback, to the caller without internals."""
    if isinstance(error, PoolTimeout) or (isinstance(error, DBAPIError) and is_unavailable(error)):
        _log.warning("database_unavailable", error=type(error).__name__, path=request.url.path)
        return problem_response(request, unavailable())
    _log.error("unhandled_exception", path=request.url.path, exc_info=error)
    return problem_response(request, problem(500, "Algo deu errado do nosso lado. Informe o request_id ao suporte."))


exception_handlers: ExceptionHandlersMap = {
    Problem: _on_problem,
    ValidationException: _on_validation,
    HTTPException: _on_http,
    Exception: _on_anything,
}
"""Litestar's exception handlers for every service."""
