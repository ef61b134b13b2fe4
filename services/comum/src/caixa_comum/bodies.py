"""Reading a request's body: bounded, strict, and every refusal with a pointer to the field."""

import json
from itertools import accumulate
from typing import Any, Final, TypeVar

import msgspec
from litestar import Request
from litestar.exceptions import InternalServerException

from caixa_comum.problems import Erro, Problem, problem
from caixa_comum.sentences import LONGEST_TOLD, escaped, translated

T = TypeVar("T")

MAIOR_CORPO: Final = 64 * 1024
"""Bytes of a body, where a route does not say otherwise."""

_PROFUNDIDADE: Final = 32
_NO_STRUCTURE: Final = bytes(byte for byte in range(256) if byte not in b'{}[]"')


class _Repeated(Exception):
    """An object names a member twice."""


class _Members(list[tuple[str, object]]):
    """An object's members, also those that are there twice."""


async def read(request: Request[Any, Any, Any], kind: type[T], *, maior: int = MAIOR_CORPO, vazio: T | None = None) -> T:  # Any: see below
    """Read and decode a JSON body (a request has any user, auth and state); without one, give `vazio` where it may be left out.

    Raises Problem: 413 above `maior` bytes, 415 for other types, 400 for what is no JSON, 422 for a field.
    """
    body = await read_bytes(request, maior=maior)
    if vazio is not None and not body.strip():
        return vazio
    refuse_type(request)
    return decode(body, kind)


def refuse_type(request: Request[Any, Any, Any]) -> None:  # Any: see read
    """Raise Problem 415 for a body of another type than JSON."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in {"application/json", ""} and not media.endswith("+json"):
        raise problem(415, "Envie o corpo como application/json.")


async def read_bytes(request: Request[Any, Any, Any], *, maior: int = MAIOR_CORPO) -> bytes:
    """Read a body of at most `maior` bytes, never holding more of it. Raises Problem: 413 for more, 400 for one that breaks off."""
    too_large = problem(413, f"O corpo do pedido passa de {maior} bytes.", headers={"Connection": "close"})
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > maior:
        raise too_large
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > maior:
                raise too_large
    except InternalServerException:  # Litestar's word for a client that left while its body came; nobody reads this answer
        raise problem(400, "O corpo do pedido chegou cortado.") from None
    return bytes(body)


def decode(body: bytes, kind: type[T]) -> T:
    """Decode JSON strictly into `kind`; unknown fields are refused where its structs forbid them.

    Raises Problem 400 where the body is no JSON text in UTF-8 (RFC 8259), 422 where a field is not what it must be, or is there twice.
    """
    if not body.strip():
        raise problem(400, "O corpo do pedido está vazio; envie um objeto JSON.", erros=[Erro("corpo vazio", "#")])
    _refuse_depth(body)
    try:
        found = msgspec.json.decode(body, type=kind, strict=True)
    except msgspec.ValidationError as error:
        detalhe, ponteiro = translated(str(error), kind)
        raise problem(422, f"{ponteiro}: {detalhe}", erros=[Erro(detalhe, ponteiro)]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _no_json() from None
    _refuse_repeats(body)
    return found


def _no_json() -> Problem:
    return problem(400, "O corpo do pedido não é JSON válido em UTF-8.", erros=[Erro("JSON inválido", "#")])


def _refuse_depth(body: bytes) -> None:
    """Refuse nesting that no document of ours has, before any parser follows it."""
    if body.count(b"{") + body.count(b"[") <= _PROFUNDIDADE:
        return
    # Each step goes over the body once, whatever a caller sends. Two quotes side by side change nothing of what stands after them.
    if b"\\" in body:
        body = body.replace(rb"\\", b"").replace(rb"\"", b"")
    outside = b"".join(body.translate(None, _NO_STRUCTURE).replace(b'""', b"").split(b'"')[::2])
    steps = (1 if byte in b"{[" else -1 for byte in outside)
    if any(depth > _PROFUNDIDADE for depth in accumulate(steps)):
        raise problem(400, "O corpo do pedido tem níveis demais.", erros=[Erro(f"mais de {_PROFUNDIDADE} níveis", "#")])


def _refuse_repeats(body: bytes) -> None:
    """Refuse JSON in which an object names a member twice: readers differ in which of the two they take (RFC 8259, section 4).

    Integers stay text: this reader would refuse those of thousands of digits, which are a wrong value and no wrong JSON.
    """
    try:
        json.loads(body, object_pairs_hook=_once, parse_int=str)
    except ValueError:  # within a `msgspec.Raw`, whose text is not looked at before
        raise _no_json() from None
    except _Repeated:
        ponteiro = _repeated(json.loads(body, object_pairs_hook=_Members, parse_int=str), "#") or "#"
        raise problem(422, f"{ponteiro}: campo repetido", erros=[Erro("campo repetido", ponteiro)]) from None


def _once(pairs: list[tuple[str, object]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise _Repeated


def _repeated(node: object, at: str) -> str | None:
    """Point at the first member that its object names twice."""
    if not isinstance(node, list):
        return None
    seen = set()
    for index, item in enumerate(node):
        name, value = item if isinstance(node, _Members) else (str(index), item)
        here = f"{at}/{escaped(name[:LONGEST_TOLD])}"
        if isinstance(node, _Members) and name in seen:
            return here
        seen.add(name)
        if found := _repeated(value, here):
            return found
    return None
