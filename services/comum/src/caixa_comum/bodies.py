"""Reading a request's body: bounded, strict, and every refusal with a pointer to the field."""

import re
from itertools import accumulate
from typing import Any, Final, TypeVar

import msgspec
from litestar import Request

from caixa_comum.problems import Erro, problem

T = TypeVar("T")

MAIOR_CORPO: Final = 64 * 1024
"""Bytes of a body, where a route does not say otherwise."""

_PROFUNDIDADE: Final = 32
_STRINGS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


async def read(request: Request[Any, Any, Any], kind: type[T], *, maior: int = MAIOR_CORPO) -> T:  # Any: every user, auth and state
    """Read and decode a JSON body.

    Raises Problem: 413 above `maior` bytes, 415 for other types, 400 for what is no JSON, 422 for a field.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in {"application/json", ""} and not media.endswith("+json"):
        raise problem(415, "Envie o corpo como application/json.")
    return decode(await read_bytes(request, maior=maior), kind)


async def read_bytes(request: Request[Any, Any, Any], *, maior: int = MAIOR_CORPO) -> bytes:
    """Read a body of at most `maior` bytes, never holding more of it. Raises Problem 413."""
    too_large = problem(413, f"O corpo do pedido passa de {maior} bytes.", headers={"Connection": "close"})
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > maior:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > maior:
            raise too_large
    return bytes(body)


def decode(body: bytes, kind: type[T]) -> T:
    """Decode JSON strictly into `kind`; unknown fields are refused where its structs forbid them.

    Raises Problem 400 where the body is no JSON text in UTF-8 (RFC 8259), 422 where a field is not what it must be.
    """
    if not body.strip():
        raise problem(400, "O corpo do pedido está vazio; envie um objeto JSON.", erros=[Erro("corpo vazio", "#")])
    _refuse_depth(body)
    try:
        return msgspec.json.decode(body, type=kind, strict=True)
    except msgspec.ValidationError as error:
        detalhe, ponteiro = translated(str(error))
        raise problem(422, f"{ponteiro}: {detalhe}", erros=[Erro(detalhe, ponteiro)]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise problem(400, "O corpo do pedido não é JSON válido em UTF-8.", erros=[Erro("JSON inválido", "#")]) from None


def _refuse_depth(body: bytes) -> None:
    """Refuse nesting that no document of ours has, before any parser follows it."""
    if body.count(b"{") + body.count(b"[") <= _PROFUNDIDADE:
        return
    steps = (1 if byte in b"{[" else -1 for byte in _STRINGS.sub(b"", body) if byte in b"{}[]")
    if max(accumulate(steps), default=0) > _PROFUNDIDADE:
        raise problem(400, "O corpo do pedido tem níveis demais.", erros=[Erro(f"mais de {_PROFUNDIDADE} níveis", "#")])


def translated(message: str) -> tuple[str, str]:
    """Turn msgspec's sentence into one in Portuguese and a JSON pointer as a URI fragment (RFC 6901, section 6)."""
    sentence, _, path = message.partition(" - at `")
    ponteiro = pointer(path.removesuffix("`"))
    for pattern, rendered in _SENTENCES:
        if found := pattern.fullmatch(sentence):
            if "field" in found.groupdict():
                ponteiro = f"{ponteiro}/{_escaped(found['field'])}"
            return rendered.format(**{name: _TYPES.get(text, text) for name, text in found.groupdict().items()}), ponteiro
    return "não tem a forma aceita", ponteiro


def pointer(path: str) -> str:
    """Turn msgspec's path (`$.lancamentos[3].valor`) into a pointer (`#/lancamentos/3/valor`)."""
    steps = re.findall(r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]", path)
    return "#" + "".join(f"/{_escaped(name or index)}" for name, index in steps if name or index)


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


_TYPES: Final = {
    "int": "um número inteiro",
    "float": "um número",
    "str": "um texto",
    "bool": "true ou false",
    "object": "um objeto",
    "array": "uma lista",
    "null": "null",
    "date": "uma data (AAAA-MM-DD)",
    "datetime": "um instante RFC 3339 com fuso (2026-11-23T10:00:00-03:00)",
    "uuid": "um UUID",
    "int | null": "um número inteiro",
    "str | null": "um texto",
    "object | null": "um objeto",
}

_SENTENCES: Final = [
    (re.compile(pattern), rendered)
    for pattern, rendered in (
        (r"Object contains unknown field `(?P<field>.*)`", "campo desconhecido"),
        (r"Object missing required field `(?P<field>.*)`", "campo obrigatório"),
        (r"Expected `str` of length <= (?P<n>\d+)", "deve ter no máximo {n} caracteres"),
        (r"Expected `str` of length >= (?P<n>\d+)", "deve ter ao menos {n} caracteres"),
        (r"Expected `object` of length <= (?P<n>\d+)", "deve ter no máximo {n} itens"),
        (r"Expected `array` of length <= (?P<n>\d+)", "deve ter no máximo {n} itens"),
        (r"Expected `array` of length >= (?P<n>\d+)", "deve ter ao menos {n} itens"),
        (r"Expected `int` >= (?P<n>-?\d+)", "deve ser no mínimo {n}"),
        (r"Expected `int` <= (?P<n>-?\d+)", "deve ser no máximo {n}"),
        (r"Expected `(?P<expected>[^`]+)`, got `(?P<got>[^`]+)`", "deve ser {expected}"),
        (r"Expected `str` matching regex .*", "não tem a forma aceita"),
        (r"Invalid enum value (?P<value>.*)", "valor desconhecido"),
        (r"Invalid RFC3339 encoded date(?P<x>time)?", "deve ser uma data (AAAA-MM-DD) ou um instante RFC 3339"),
        (r"Invalid UUID", "deve ser um UUID"),
        (r"Integer value out of range", "número grande demais"),
        (r"Number out of range", "número grande demais"),
        (r"(?P<text>[^E].*)", "{text}"),
    )
]
