"""Exports of entries: the bytes of one entry as CSV for a Brazilian spreadsheet, or as NDJSON. Pure."""

import csv
import io
from collections.abc import Iterable

import msgspec

from caixa_comum.dominio import casas_decimais
from caixa_fluxo.lancamento import Lancamento

BOM = b"\xef\xbb\xbf"
COLUNAS = Lancamento.__struct_fields__
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet may run (OWASP, CSV injection)."""


def ndjson(entries: Iterable[Lancamento]) -> bytes:
    """Write one JSON object a line, exactly as a single entry is answered."""
    return b"".join(msgspec.json.encode(one) + b"\n" for one in entries)


def csv_header() -> bytes:
    """Write the byte order mark, by which Excel knows UTF-8, and the columns' names."""
    return BOM + _rows([COLUNAS])


def csv_rows(entries: Iterable[Lancamento]) -> bytes:
    """Write one row an entry: `;` between cells, decimal comma, metadata as JSON, and no cell that a spreadsheet would run."""
    return _rows([_cell(name, getattr(one, name), one.moeda) for name in COLUNAS] for one in entries)


def decimal(valor: int, moeda: str) -> str:
    """Write minor units as a decimal number with a comma, with as many places as the currency has."""
    casas = casas_decimais(moeda)
    if casas == 0:
        return str(valor)
    digits = str(valor).rjust(casas + 1, "0")
    return f"{digits[:-casas]},{digits[-casas:]}"


def _cell(name: str, value: object, moeda: str) -> str:
    if value is None:
        return ""
    if name == "valor" and isinstance(value, int):
        return decimal(value, moeda)
    if name == "metadados":
        text = msgspec.json.encode(value).decode() if value else ""
    else:
        text = value if isinstance(value, str) else str(msgspec.to_builtins(value))
    return "'" + text if text.startswith(FORMULA) else text


def _rows(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
