"""What each screen shows, worked out from the services' answers before any template sees it. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from caixa_comum.dominio import FUSO_PADRAO, MOEDA_PADRAO, Tipo
from caixa_gateway.pagina.dinheiro import por_extenso
from caixa_gateway.pagina.respostas import Lancamento, Relatorio, Saldo, SaldosDoDia

SEMANA: Final = ("seg", "ter", "qua", "qui", "sex", "sáb", "dom")
MESES: Final = (
    "janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro",
)  # fmt: skip
PERIODO_PADRAO: Final = 7
MAIOR_PERIODO: Final = 366
SITUACOES: Final = {"aberto": "Aberto", "fechado": "Fechado", "divergente": "Em conferência"}


class Dinheiro(msgspec.Struct, frozen=True):
    """An amount as it is read, and whether it is below zero."""

    texto: str
    negativo: bool


class SaldoNaTela(msgspec.Struct, frozen=True, kw_only=True):
    """One currency's balance of a day in words."""

    moeda: str
    anterior: Dinheiro
    entradas: Dinheiro
    saidas: Dinheiro
    final: Dinheiro
    quantidade: str
    situacao: str
    fechado: bool


class DiaNaTela(msgspec.Struct, frozen=True, kw_only=True):
    """A day of the report: its date for machines and people, and its balances."""

    data: str
    curta: str
    longa: str
    semana: str
    saldos: tuple[SaldoNaTela, ...]
    movimento: bool


class LancamentoNaTela(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a day's list; `estornavel` where the merchant may still undo it."""

    id: str
    entrada: bool
    tipo: str
    valor: str
    descricao: str
    hora: str
    data: str
    nota: str
    estornavel: bool


class Periodo(msgspec.Struct, frozen=True):
    """The days of a report, both included."""

    de: date
    ate: date

    @property
    def dias(self) -> int:
        """How many days there are."""
        return (self.ate - self.de).days + 1


class PeriodoErrado(ValueError):
    """A period that no report covers; the message, in Portuguese, says what to choose."""


def dinheiro(amount: int, moeda: str = MOEDA_PADRAO) -> Dinheiro:
    """Show an amount in minor units."""
    return Dinheiro(por_extenso(amount, moeda), amount < 0)


def fuso_de(name: str) -> ZoneInfo:
    """Give a merchant's zone; São Paulo's where this machine does not know it."""
    try:
        return ZoneInfo(name or FUSO_PADRAO)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(FUSO_PADRAO)


def hora(instante: datetime | None, fuso: ZoneInfo) -> str:
    """Show an instant as the time of day where the merchant is."""
    return instante.astimezone(fuso).strftime("%H:%M:%S") if instante else ""


def dia_longo(dia: date) -> str:
    """Write a day in full: `quinta-feira` is left to the short name."""
    return f"{dia.day} de {MESES[dia.month - 1]} de {dia.year}"


def quantidade(count: int) -> str:
    """Say how many entries."""
    return "nenhum lançamento" if count == 0 else "1 lançamento" if count == 1 else f"{count} lançamentos"


def saldo_na_tela(saldo: Saldo) -> SaldoNaTela:
    """Show one currency's balance."""
    return SaldoNaTela(
        moeda=saldo.moeda,
        anterior=dinheiro(saldo.saldo_anterior, saldo.moeda),
        entradas=dinheiro(saldo.total_creditos, saldo.moeda),
        saidas=dinheiro(saldo.total_debitos, saldo.moeda),
        final=dinheiro(saldo.saldo_final, saldo.moeda),
        quantidade=quantidade(saldo.quantidade),
        situacao=SITUACOES.get(saldo.situacao, saldo.situacao),
        fechado=saldo.situacao == "fechado",
    )


def dia_na_tela(dia: SaldosDoDia) -> DiaNaTela:
    """Show one day of the report."""
    return DiaNaTela(
        data=dia.data.isoformat(),
        curta=f"{dia.data:%d/%m}",
        longa=dia_longo(dia.data),
        semana=SEMANA[dia.data.weekday()],
        saldos=tuple(saldo_na_tela(saldo) for saldo in dia.saldos),
        movimento=any(saldo.quantidade for saldo in dia.saldos),
    )


def resumo(relatorio: Relatorio, moeda: str = MOEDA_PADRAO) -> SaldoNaTela | None:
    """Sum a report up in one currency: what it opened with, what came and went, what it closed with. None without that currency."""
    saldos = [saldo for dia in relatorio.dias for saldo in dia.saldos if saldo.moeda == moeda]
    if not saldos:
        return None
    first, last = saldos[0], saldos[-1]
    return saldo_na_tela(
        Saldo(
            moeda=moeda,
            saldo_anterior=first.saldo_anterior,
            total_creditos=sum(saldo.total_creditos for saldo in saldos),
            total_debitos=sum(saldo.total_debitos for saldo in saldos),
            quantidade=sum(saldo.quantidade for saldo in saldos),
            saldo_final=last.saldo_final,
        )
    )


def lancamentos_na_tela(itens: Sequence[Lancamento], fuso: ZoneInfo) -> list[LancamentoNaTela]:
    """Show a day's entries, in the order in which they came."""
    return [lancamento_na_tela(item, fuso) for item in itens]


def lancamento_na_tela(item: Lancamento, fuso: ZoneInfo) -> LancamentoNaTela:
    """Show one entry."""
    entrada, estorno = item.tipo is Tipo.CREDITO, item.estorna_id is not None
    nota = "Estorno de outro lançamento" if estorno else "Estornado" if item.estornado_por else ""
    return LancamentoNaTela(
        id=item.id,
        entrada=entrada,
        tipo="Entrada" if entrada else "Saída",
        valor=por_extenso(item.valor if entrada else -item.valor, item.moeda),
        descricao=item.descricao or ("Estorno" if estorno else "Sem descrição"),
        hora=item.registrado_em.astimezone(fuso).strftime("%d/%m %H:%M"),
        data=item.data.isoformat(),
        nota=nota,
        estornavel=not estorno and item.estornado_por is None,
    )


def periodo(de: date | None, ate: date | None, hoje: date) -> Periodo:
    """Choose a report's days: the last seven where none are named. Raises PeriodoErrado."""
    last = ate or (max(de, hoje) if de else hoje)
    first = de or last - timedelta(days=PERIODO_PADRAO - 1)
    if last < first:
        raise PeriodoErrado("O último dia vem antes do primeiro. Troque os dois.")
    if (last - first).days >= MAIOR_PERIODO:
        raise PeriodoErrado("O relatório cobre até 366 dias. Escolha um período menor.")
    return Periodo(first, last)


def atalhos(hoje: date) -> tuple[tuple[str, Periodo], ...]:
    """Name the periods that people ask for most."""
    month = hoje.replace(day=1)
    before = month - timedelta(days=1)
    return (
        ("7 dias", Periodo(hoje - timedelta(days=6), hoje)),
        ("30 dias", Periodo(hoje - timedelta(days=29), hoje)),
        ("Este mês", Periodo(month, hoje)),
        ("Mês passado", Periodo(before.replace(day=1), before)),
    )
