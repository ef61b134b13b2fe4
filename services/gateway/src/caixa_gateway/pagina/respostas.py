"""What fluxo and saldo answer, as far as the page reads it; members that it does not know are passed over."""

from datetime import date, datetime

import msgspec

from caixa_comum.dominio import Tipo


class Lancamento(msgspec.Struct, frozen=True, kw_only=True):
    """An entry; `valor` in minor units of `moeda`."""

    id: str
    tipo: Tipo
    valor: int
    moeda: str
    data: date
    registrado_em: datetime
    descricao: str | None = None
    estorna_id: str | None = None
    estornado_por: str | None = None


class Lancamentos(msgspec.Struct, frozen=True):
    """A part of the list of entries; `proximo` leads to the next part."""

    itens: tuple[Lancamento, ...]
    proximo: str | None = None


class Saldo(msgspec.Struct, frozen=True, kw_only=True):
    """One currency's balance at a day's end, in minor units."""

    moeda: str
    saldo_anterior: int
    total_creditos: int
    total_debitos: int
    quantidade: int
    saldo_final: int
    situacao: str = "aberto"
    atualizado_em: datetime | None = None


class SaldosDoDia(msgspec.Struct, frozen=True):
    """A day's balances, one per currency."""

    data: date
    saldos: tuple[Saldo, ...]


class Relatorio(msgspec.Struct, frozen=True):
    """The daily report, oldest day first."""

    dias: tuple[SaldosDoDia, ...]


class Totais(msgspec.Struct, frozen=True, kw_only=True):
    """One currency's totals of a closed day, in minor units."""

    moeda: str
    total_creditos: int
    total_debitos: int
    quantidade: int


class Fechamento(msgspec.Struct, frozen=True, kw_only=True):
    """The receipt of a closed day."""

    data: date
    totais: tuple[Totais, ...] = ()
    hash: str = ""
    hash_anterior: str | None = None
    fechado_em: datetime | None = None


class Problema(msgspec.Struct, frozen=True):
    """A refusal in words (RFC 9457)."""

    title: str = "Pedido recusado"
    detail: str = "O pedido foi recusado."
