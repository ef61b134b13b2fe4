"""What OpenAPI says of the gateway's own routes, which read their bodies and check their tokens by themselves."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody

from caixa_comum.problems import CONTENT_TYPE, ProblemDetails

PROBLEMS: Final = {
    400: "Pedido malformado",
    401: "Token ausente ou não aceito",
    403: "O token não é da administração",
    404: "Não existe",
    408: "O corpo demora demais",
    413: "Corpo grande demais",
    422: "Algum campo não é aceito",
    429: "Pedidos demais; `Retry-After` diz quando voltar",
    503: "Indisponível agora; `Retry-After` diz quando tentar",
}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Document these errors as problem details."""
    return {
        status: ResponseSpec(ProblemDetails, description=PROBLEMS[status], media_type=CONTENT_TYPE, generate_examples=False)
        for status in statuses
    }


def admin(operation_id: str, summary: str, *statuses: int, body: type[msgspec.Struct] | None = None) -> dict[str, Any]:  # Any: Litestar's
    """Document a route of the admin."""
    documented: dict[str, Any] = {
        "operation_id": operation_id,
        "summary": summary,
        "tags": ["Administração"],
        "responses": problems(401, 403, *statuses, 429, 503),
    }
    return documented | (
        {"operation_class": with_body("application/json", msgspec.json.schema(body, ref_template="{name}"))} if body else {}
    )


def with_body(media_type: str, schema: dict[str, Any]) -> type[Operation]:  # Any: a JSON schema
    """Make the operation class of a route whose body has this schema; one that only refers to a definition is inlined."""
    definitions = schema.get("$defs", {})
    inlined = definitions.get(schema.get("$ref"), schema)

    @dataclass
    class OperationWithBody(Operation):
        def __post_init__(self) -> None:
            self.request_body = RequestBody(content={media_type: OpenAPIMediaType(schema=inlined)}, required=True)

    return OperationWithBody
