"""The report's chart: entradas up, saídas down, and the closing balance as a line, as geometry for an SVG. Pure.

Money stays integer; only positions on the drawing are fractions. Two scales: one for the bars, one for the line below them.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from caixa_comum.dominio import MOEDA_PADRAO
from caixa_gateway.pagina.dinheiro import curto, por_extenso
from caixa_gateway.pagina.respostas import Relatorio, Saldo

LARGURA: Final = 720
ALTURA: Final = 300
MARGEM_X: Final = 64
TOPO: Final = 16
BARRAS: Final = 150
"""Height of the bars' part; the line's part is below it."""
LINHA_TOPO: Final = 196
LINHA: Final = 72
ROTULOS: Final = 8
MAIOR_BARRA: Final = 40.0


class Barra(msgspec.Struct, frozen=True):
    """One bar: where, how large, of which kind, and what it says when asked."""

    x: float
    y: float
    largura: float
    altura: float
    classe: str


class Rotulo(msgspec.Struct, frozen=True):
    """A short text at a place."""

    x: float
    y: float
    texto: str


class Ponto(msgspec.Struct, frozen=True):
    """A day's closing balance on the line."""

    x: float
    y: float
    titulo: str


class Grafico(msgspec.Struct, frozen=True, kw_only=True):
    """All that the SVG draws, and one sentence for those who cannot see it."""

    largura: int
    altura: int
    esquerda: float
    direita: float
    zero: float
    zero_linha: float | None
    barras: tuple[Barra, ...]
    linha: str
    pontos: tuple[Ponto, ...]
    dias: tuple[Rotulo, ...]
    escala: tuple[Rotulo, ...]
    descricao: str


def grafico(relatorio: Relatorio) -> Grafico | None:
    """Draw a report's BRL balances, or None where nothing moved and nothing is there."""
    days = [(dia, saldo) for dia in relatorio.dias for saldo in dia.saldos if saldo.moeda == MOEDA_PADRAO]
    saldos = [saldo for _, saldo in days]
    if not any(saldo.quantidade or saldo.saldo_final for saldo in saldos):
        return None
    up, down = max(saldo.total_creditos for saldo in saldos), max(saldo.total_debitos for saldo in saldos)
    zero = TOPO + BARRAS * up / (up + down) if up + down else float(TOPO + BARRAS)
    step = (LARGURA - MARGEM_X - 8) / len(days)
    centers = [MARGEM_X + step * (index + 0.5) for index in range(len(days))]
    pontos, zero_linha, escala = _linha(saldos, centers)
    every = -(-len(days) // ROTULOS)
    return Grafico(
        largura=LARGURA,
        altura=ALTURA,
        esquerda=MARGEM_X,
        direita=LARGURA - 8,
        zero=_place(zero),
        zero_linha=zero_linha,
        barras=tuple(barra for x, saldo in zip(centers, saldos, strict=True) for barra in _barras(x, step, saldo, zero, up + down)),
        linha=" ".join(f"{ponto.x},{ponto.y}" for ponto in pontos),
        pontos=tuple(pontos) if len(pontos) <= 62 else (),  # noqa: PLR2004  two months; closer dots would hide the line
        dias=tuple(
            Rotulo(_place(x), ALTURA - 8, f"{dia.data:%d/%m}")
            for index, (x, (dia, _)) in enumerate(zip(centers, days, strict=True))
            if index % every == 0
        ),
        escala=(*([Rotulo(MARGEM_X - 8, TOPO + 10, curto(up))] if up else []), *_below(down), *escala),
        descricao=_sentence(saldos),
    )


def _below(down: int) -> list[Rotulo]:
    return [Rotulo(MARGEM_X - 8, TOPO + BARRAS, curto(-down))] if down else []


def _barras(x: float, step: float, saldo: Saldo, zero: float, span: int) -> list[Barra]:
    width = min(MAIOR_BARRA, step * 0.62)
    bars = []
    if saldo.total_creditos:
        height = max(1.5, BARRAS * saldo.total_creditos / span)
        bars.append(Barra(_place(x - width / 2), _place(zero - height), _place(width), _place(height), "entrada"))
    if saldo.total_debitos:
        height = max(1.5, BARRAS * saldo.total_debitos / span)
        bars.append(Barra(_place(x - width / 2), _place(zero), _place(width), _place(height), "saida"))
    return bars


def _linha(saldos: Sequence[Saldo], centers: Sequence[float]) -> tuple[list[Ponto], float | None, list[Rotulo]]:
    """Place the closing balances; zero is drawn only where the line crosses it."""
    finals = [saldo.saldo_final for saldo in saldos]
    low, high = min(finals), max(finals)
    span = high - low or 1

    def y(amount: int) -> float:
        return _place(LINHA_TOPO + LINHA * (high - amount) / span) if high != low else LINHA_TOPO + LINHA / 2

    pontos = [Ponto(_place(x), y(final), por_extenso(final)) for x, final in zip(centers, finals, strict=True)]
    ends = [high, low] if high != low else [high]
    escala = [Rotulo(MARGEM_X - 8, y(amount) + 4, curto(amount)) for amount in ends]
    return pontos, y(0) if low < 0 < high else None, escala


def _sentence(saldos: Sequence[Saldo]) -> str:
    came, went = sum(saldo.total_creditos for saldo in saldos), sum(saldo.total_debitos for saldo in saldos)
    return (
        f"Em {len(saldos)} {'dia' if len(saldos) == 1 else 'dias'}: entradas de {por_extenso(came)}, saídas de {por_extenso(went)}; "
        f"o saldo foi de {por_extenso(saldos[0].saldo_anterior)} a {por_extenso(saldos[-1].saldo_final)}."
    )


def _place(position: float) -> float:
    return round(position, 1)
