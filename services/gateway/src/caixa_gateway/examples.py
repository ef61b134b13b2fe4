"""An example for every operation that shows none of its own, made from its schema: pure, and always of the schema's form."""

from typing import Any, Final

JSON = Any  # Any: JSON
DEPTH: Final = 8
KNOWN: Final[dict[str, JSON]] = {
    "tipo": "credito",
    "valor": 12345,
    "moeda": "BRL",
    "descricao": "venda no balcão",
    "referencia_externa": "pdv-1/0001",
    "nome": "Padaria da Esquina",
    "fuso": "America/Sao_Paulo",
    "client_id": "cx_0123456789abcdef01234567",
    "quantidade": 1,
    "situacao": "aberto",
    "metadados": {"caixa": "2"},
    "title": "Dados inválidos",
    "type": "about:blank",
    "detail": "#/valor: deve ser maior que zero",
    "detalhe": "deve ser maior que zero",
    "ponteiro": "#/valor",
    "request_id": "0123456789abcdef0123456789abcdef",
    "grant_type": "client_credentials",
    "Idempotency-Key": "venda-0001",
}
FORMATS: Final[dict[str, JSON]] = {
    "uuid": "01939b5e-7c00-7000-8000-000000000001",
    "date": "2026-11-23",
    "date-time": "2026-11-23T12:34:56.123456Z",
    "uri": "https://caixa.example/",
}
PLAIN: Final[dict[str, JSON]] = {"number": 1.5, "boolean": True, "null": None}


def with_examples(document: dict[str, JSON]) -> dict[str, JSON]:
    """Add an example to every body, of requests and answers, and every required parameter that has a schema and shows none.

    What may be left out shows none: who tries a route would send it along.
    """
    schemas = document["components"]["schemas"]
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                for holder in (operation.get("requestBody", {}), *operation.get("responses", {}).values()):
                    for media in holder.get("content", {}).values():
                        _shown(media, schemas)
                for parameter in operation.get("parameters", []):
                    if parameter.get("required"):
                        _shown(parameter, schemas, parameter["name"])
    return document


def _shown(holder: dict[str, JSON], schemas: dict[str, JSON], name: str = "") -> None:
    if holder.get("schema") and not {"example", "examples"} & holder.keys():
        holder["example"] = example(holder["schema"], schemas, name)


def example(schema: dict[str, JSON], schemas: dict[str, JSON], name: str = "", depth: int = DEPTH) -> JSON:
    """Make an example of a schema; `name` is the property's, whose usual value is taken where the schema allows it."""
    schema = _chosen(schema, schemas, depth)
    shown = next((schema[one] for one in ("example", "const", "default") if schema.get(one) is not None), None)
    shown = shown if shown is not None else next(iter(schema.get("examples") or []), None)
    if shown is not None:
        return shown
    if schema.get("enum"):
        return KNOWN[name] if KNOWN.get(name) in schema["enum"] else schema["enum"][0]
    match _kind(schema):
        case "object":
            return KNOWN.get(name) or _object(schema, schemas, depth)
        case "array":
            return [example(schema["items"], schemas, "", depth - 1)] if depth and isinstance(schema.get("items"), dict) else []
        case "integer":
            return _integer(schema, name)
        case kind:
            return _text(schema, name) if kind == "string" else PLAIN.get(kind)


def _chosen(schema: dict[str, JSON], schemas: dict[str, JSON], depth: int) -> dict[str, JSON]:
    """Follow references and take the first of several schemas that is not null."""
    for _ in range(depth + 1):
        if "$ref" in schema:
            schema = schemas.get(schema["$ref"].rpartition("/")[2], {})
        elif several := schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf"):
            outside = {name: schema[name] for name in ("enum", "format", "example") if name in schema}
            schema = outside | next((one for one in several if one.get("type") != "null"), several[0])
        else:
            break
    return schema


def _kind(schema: dict[str, JSON]) -> str:
    kind = schema.get("type", "object" if "properties" in schema else "null")
    return str(next((one for one in kind if one != "null"), "null") if isinstance(kind, list) else kind)


def _text(schema: dict[str, JSON], name: str) -> str:
    known = FORMATS.get(schema.get("format", ""), KNOWN.get(name))
    return known if isinstance(known, str) else "texto"


def _object(schema: dict[str, JSON], schemas: dict[str, JSON], depth: int) -> JSON:
    if not depth:
        return {}
    return {name: example(one, schemas, name, depth - 1) for name, one in schema.get("properties", {}).items()}


def _integer(schema: dict[str, JSON], name: str) -> int:
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema))
    known = KNOWN.get(name)
    value: int = known if isinstance(known, int) else max(low, 1)
    return min(value, int(schema.get("maximum", value)))
