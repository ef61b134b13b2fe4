"""Money as people in Brazil type it and read it; within, integer centavos and never a float. Pure."""

import re
from typing import Final

from caixa_comum.dominio import MAIOR_VALOR

_TYPED: Final = re.compile(
    r"""(?:R\$)?
    (?P<reais>\d{1,3}(?:\.\d{3})+|\d+)   # 1.234 or 1234
    (?:,(?P<centavos>\d{1,2}))?          # ,5 is fifty centavos
    |(?:R\$)?(?P<pontuado>\d+)\.(?P<decimal>\d{1,2})  # 12.50, as some keyboards and pasted figures write it
    """,
    re.VERBOSE | re.ASCII,
)
_SPACES: Final = re.compile(r"[\s\u00a0\u202f]+")
DIGITS: Final = 20
MINUS: Final = "\u2212"
NO_BREAK: Final = "\u00a0"


class ValorIncompreensivel(ValueError):
    """What was typed is no amount that an entry can have; the message, in Portuguese, says what to type."""


def centavos(typed: str) -> int:
    """Read `R$ 1.234,56`, `1234,5`, `12` or `12.50` as centavos, from 1 up to the largest entry. Raises ValorIncompreensivel."""
    text = _SPACES.sub("", typed).upper()
    if not text:
        raise ValorIncompreensivel("Digite o valor, por exemplo 12,50.")
    if len(text) > DIGITS * 2 or (found := _TYPED.fullmatch(text)) is None:
        raise ValorIncompreensivel("Não entendi o valor. Escreva como 12,50 ou 1.234,56.")
    reais = (found["reais"] or found["pontuado"]).replace(".", "")
    cents = (found["centavos"] or found["decimal"] or "").ljust(2, "0")
    amount = int(reais) * 100 + int(cents)
    if amount == 0:
        raise ValorIncompreensivel("O valor deve ser maior que zero.")
    if amount > MAIOR_VALOR:
        raise ValorIncompreensivel("O valor é grande demais para um lançamento.")
    return amount


def por_extenso(amount: int, moeda: str = "BRL") -> str:
    """Write minor units as `R$ 1.234,56`, with a true minus and spaces that do not break; other currencies by their code."""
    reais, cents = divmod(abs(amount), 100)
    grouped = f"{reais:,}".replace(",", ".")
    symbol = "R$" if moeda == "BRL" else moeda
    return f"{MINUS if amount < 0 else ''}{symbol}{NO_BREAK}{grouped},{cents:02}"


def curto(amount: int) -> str:
    """Write centavos for an axis: whole reais, `1,5 mil`, `2 mi`."""
    reais = abs(amount) // 100
    sign = MINUS if amount < 0 else ""
    for size, name in ((1_000_000_000, "bi"), (1_000_000, "mi"), (1_000, "mil")):
        if reais >= size:
            whole, tenth = divmod(reais * 10 // size, 10)
            return f"{sign}{whole}{f',{tenth}' if tenth else ''}{NO_BREAK}{name}"
    return f"{sign}{reais}"
