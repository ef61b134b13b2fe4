"""OpenAPI for what handlers do by themselves: strict bodies, the Idempotency-Key, answers in several formats."""

from dataclasses import dataclass

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Operation, Parameter, RequestBody, Schema

from caixa_comum.problems import ProblemDetails

PROBLEMS = {
    400: "Pedido malformado",
    401: "Token ausente ou não aceito",
    403: "Token sem o escopo lancamentos",
    404: "Não existe",
    409: "Conflito com o que já está registrado",
    413: "Corpo grande demais",
    415: "O corpo não é JSON",
    422: "Algum campo não é aceito",
    503: "Indisponível agora; `Retry-After` diz quando tentar",
}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Document these errors as problem details, and those of the token that every route needs."""
    return {
        status: ResponseSpec(ProblemDetails, generate_examples=False, description=PROBLEMS[status], media_type="application/problem+json")
        for status in (*statuses, 401, 403)
    }


def operation(body: type[msgspec.Struct], *, required: bool = True) -> type[Operation]:
    """Make the operation class of a POST that needs an Idempotency-Key and has a JSON body."""

    @dataclass
    class IdempotentOperation(Operation):
        def __post_init__(self) -> None:
            header = Parameter(
                name="Idempotency-Key",
                param_in="header",
                required=True,
                description="Um texto que só este pedido usa; repita-o ao tentar de novo.",
                schema=Schema(type=OpenAPIType.STRING, min_length=1, max_length=255, pattern="^[ -~]+$"),
            )
            self.parameters = [*(self.parameters or []), header]
            content = {"application/json": OpenAPIMediaType(schema=inlined(body))}
            self.request_body = RequestBody(content=content, required=required)

    return IdempotentOperation


def texts(*media_types: str) -> type[Operation]:
    """Make the operation class of a GET whose answer is text in one of these formats."""

    @dataclass
    class TextOperation(Operation):
        def __post_init__(self) -> None:
            content = {one: OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING)) for one in media_types}
            self.responses = {**(self.responses or {}), "200": OpenAPIResponse(description="O arquivo", content=content)}

    return TextOperation


def inlined(kind: type[msgspec.Struct]) -> Schema:
    """Give a struct's JSON schema without references: Litestar carries it through as it is."""
    schema = msgspec.json.schema(kind)
    definitions = schema.pop("$defs", {})

    def resolve(node: object) -> object:
        if isinstance(node, list):
            return [resolve(item) for item in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if isinstance(reference, str):
            return resolve(definitions[reference.rpartition("/")[2]])
        return {name: resolve(value) for name, value in node.items()}

    return resolve(schema)  # type: ignore[return-value] # a plain dict: Litestar renders it unchanged
