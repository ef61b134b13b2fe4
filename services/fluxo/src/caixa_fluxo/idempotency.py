"""Idempotency-Key: what a key may be, and what makes two requests under it the same."""

import hashlib

import msgspec

from caixa_comum.problems import Erro, Problem

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST = 255


def refused(detalhe: str) -> Problem:
    """Give the 400 of a request whose key cannot be accepted."""
    return Problem(400, "Idempotency-Key ausente ou inválida", f"{HEADER}: {detalhe}.", erros=[Erro(detalhe, HEADER)])


def key(header: str | None) -> str:
    """Return the request's key; raises a 400 Problem unless it is 1 to 255 printable ASCII characters."""
    if header is None:
        raise refused("falta o cabeçalho; envie um texto que só este pedido use, por exemplo um UUID, e repita-o ao tentar de novo")
    if not 1 <= len(header) <= LONGEST or not all(" " <= character <= "~" for character in header):
        raise refused(f"deve ter de 1 a {LONGEST} caracteres ASCII imprimíveis")
    return header


def fingerprint(operation: str, request: msgspec.Struct | None) -> bytes:
    """Digest what is asked for (SHA-256): the operation and its decoded body, so that spacing and order do not matter."""
    body = b"" if request is None else msgspec.json.encode(request, order="sorted")
    return hashlib.sha256(operation.encode() + b"\n" + body).digest()
