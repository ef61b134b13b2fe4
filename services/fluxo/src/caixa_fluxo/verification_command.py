"""`caixa-fluxo verificar-recibos`: two files in, a line a day out; no database, no network, no trust in who wrote them."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from caixa_comum.sentences import translated
from caixa_fluxo.fechamento import Recibo, canonical
from caixa_fluxo.verification import LancamentoExportado, totals, verified

T = TypeVar("T")
HOLDS, DIFFERS, UNREADABLE = 0, 1, 2


class Unreadable(Exception):
    """A file is not there, or holds something else."""


def verify(recibos: Path, lancamentos: Path) -> int:
    """Print each day's verification; return 0 when every day is as its receipt says, 1 when one differs, 2 for what cannot be read."""
    try:
        receipts = _receipts(recibos)
        days = list(verified(receipts, totals(one for _, one in _read(lancamentos, LancamentoExportado))))
    except Unreadable as error:
        print(f"caixa-fluxo verificar-recibos: {error}", file=sys.stderr)  # noqa: T201  a person reads it
        return UNREADABLE
    for one in days:
        print(f"{one.data} confere" if one.diferenca is None else f"{one.data} DIFERE: {one.diferenca}")  # noqa: T201
    wrong = sum(one.diferenca is not None for one in days)
    print(f"{len(days)} dias, {wrong} com diferença; o último hash é {receipts[-1].hash}")  # noqa: T201
    return DIFFERS if wrong else HOLDS


def _receipts(path: Path) -> list[Recibo]:
    """Give the file's receipts. Raises Unreadable, also where there is none: nothing would be verified."""
    found = [_sealed(one, where) for where, one in _read(path, Recibo)]
    if not found:
        raise Unreadable(f"{path}: não há nenhum recibo")
    return found


def _read(path: Path, kind: type[T]) -> Iterator[tuple[str, T]]:
    """Give each line's object and where it stands. Raises Unreadable."""
    decoder = msgspec.json.Decoder(kind)
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                where = f"{path}, linha {number}"
                yield where, _decoded(decoder, line, where)
    except OSError as error:
        raise Unreadable(f"{path}: não pode ser lido ({error.strerror})") from error


def _decoded(decoder: msgspec.json.Decoder[T], line: bytes, where: str) -> T:
    try:
        return decoder.decode(line)
    except msgspec.ValidationError as error:
        detalhe, ponteiro = translated(str(error))
        raise Unreadable(f"{where}: {ponteiro[1:] or 'o objeto'} {detalhe}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"{where}: não é JSON em UTF-8; o arquivo deve ser a exportação em NDJSON") from error


def _sealed(recibo: Recibo, where: str) -> Recibo:
    """Return a receipt whose bytes can be hashed. Raises Unreadable for one that was never sealed: no instant, no ASCII."""
    try:
        canonical(recibo)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"{where}: não tem a forma de um recibo") from error
    if recibo.fechado_em.tzinfo is None:
        raise Unreadable(f"{where}: fechado_em deve dizer o fuso")
    return recibo
