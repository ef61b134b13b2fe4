"""One OpenAPI document out of the three services' own: pure, so that what a service says of itself is all there is to keep true."""

import re
from collections.abc import Mapping
from typing import Any, Final

from caixa_comum.jwks import discovery_url
from caixa_gateway.examples import with_examples
from caixa_gateway.routing import PREFIXES

Document = dict[str, Any]  # Any: JSON
METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
ADMIN: Final = "/api/v1/comerciantes"
SCHEMA: Final = "#/components/schemas/"
TITLE: Final = "Caixa: fluxo de caixa e saldo diário consolidado"


def merged(own: Document, services: Mapping[str, Document], *, issuer: str = "") -> Document:
    """Merge the gateway's own document with those of the services whose routes it passes on; what is not passed on is left out.

    Schemas of one name and different content are told apart by the service's name; so are operations of one id. `issuer` is the
    external one that gives tokens, where the gateway does not.
    """
    paths: Document = {path: dict(item) for path, item in own.get("paths", {}).items()}
    schemas: Document = dict(own.get("components", {}).get("schemas", {}))
    ids = {operation.get("operationId") for operation in operations(own)}
    for name, document in services.items():
        theirs = document.get("components", {}).get("schemas", {})
        renamed = {one: f"{name.capitalize()}{one}" for one, schema in theirs.items() if one in schemas and schemas[one] != schema}
        schemas |= {renamed.get(one, one): _renamed(schema, renamed) for one, schema in theirs.items()}
        for path, item in document.get("paths", {}).items():
            if passed_on(path, name):
                paths[path] = _renamed(item, renamed)
                for operation in operations({"paths": {path: paths[path]}}):
                    if (operation_id := operation.get("operationId")) in ids:
                        operation["operationId"] = f"{name}{operation_id}"
                    ids.add(operation.get("operationId"))
    document = {
        "openapi": own["openapi"],
        "info": {"title": TITLE, "version": own["info"]["version"]},
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(schemas.items())), "securitySchemes": _schemes(issuer)},
    }
    return with_examples(_secured(document))


def passed_on(path: str, service: str) -> bool:
    """Tell whether the gateway passes requests for this path on to that service."""
    return any(of == service and (path == prefix or path.startswith(prefix + "/")) for prefix, of in PREFIXES.items())


def operations(document: Document) -> list[Document]:
    """Give every operation of a document."""
    return [item[method] for item in document.get("paths", {}).values() for method in item if method in METHODS]


def _renamed(node: Any, renamed: Mapping[str, str]) -> Any:  # Any: JSON
    if isinstance(node, list):
        return [_renamed(one, renamed) for one in node]
    if not isinstance(node, dict):
        return node
    copied = {name: _renamed(value, renamed) for name, value in node.items()}
    reference = copied.get("$ref")
    if isinstance(reference, str) and (found := re.fullmatch(re.escape(SCHEMA) + "(.+)", reference)):
        copied["$ref"] = SCHEMA + renamed.get(found[1], found[1])
    return copied


def _schemes(issuer: str) -> Document:
    token = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    if issuer:
        return {"token": token, "credenciais": {"type": "openIdConnect", "openIdConnectUrl": discovery_url(issuer)}}
    flow = {"tokenUrl": "/oauth/token", "scopes": {"lancamentos": "Lançamentos", "saldos": "Saldos", "comerciantes": "Administração"}}
    return {
        "token": token,
        "credenciais": {"type": "oauth2", "flows": {"clientCredentials": flow}},
    }


def _secured(document: Document) -> Document:
    """Say which operations need a token: those of the services, and the admin's."""
    for path, item in document["paths"].items():
        needs = path.startswith((*PREFIXES, ADMIN))
        for operation in operations({"paths": {path: item}}):
            operation["security"] = [{"token": []}, {"credenciais": []}] if needs else []
    return document
