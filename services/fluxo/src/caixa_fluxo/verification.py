"""Verifying receipts from exports alone: the chain of hashes, and each day's totals against its entries. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

import msgspec

from caixa_comum.dominio import Moeda, Tipo
from caixa_comum.events import TotaisDoDia
from caixa_fluxo.fechamento import Recibo, digest
from caixa_fluxo.lancamento import Valor

Totais = Mapping[date, Sequence[TotaisDoDia]]
SOMAS = ("total_creditos", "total_debitos", "quantidade")


class LancamentoExportado(msgspec.Struct, frozen=True):
    """What a receipt counts of an entry; `valor` in minor units."""

    tipo: Tipo
    valor: Valor
    moeda: Moeda
    data: date


class Conferencia(msgspec.Struct, frozen=True):
    """A day, and the first thing about it that is not as its receipt says; None when all is."""

    data: date
    diferenca: str | None


def totals(entries: Iterable[LancamentoExportado]) -> Totais:
    """Add up entries per day and currency, currencies sorted; memory grows with days, not with entries."""
    sums: dict[date, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    for one in entries:
        of_currency = sums[one.data][one.moeda]
        of_currency[0 if one.tipo is Tipo.CREDITO else 1] += one.valor
        of_currency[2] += 1
    return {
        dia: tuple(
            TotaisDoDia(moeda=moeda, total_creditos=creditos, total_debitos=debitos, quantidade=quantidade)
            for moeda, (creditos, debitos, quantidade) in sorted(currencies.items())
        )
        for dia, currencies in sums.items()
    }


def verified(recibos: Sequence[Recibo], totais: Totais) -> Iterator[Conferencia]:
    """Verify every receipt, oldest first, and tell of days that have entries but no receipt, though a later day has one."""
    if not recibos:
        return
    for dia in sorted(totais.keys() - {one.data for one in recibos}):
        if dia < recibos[-1].data:
            yield Conferencia(dia, "há lançamentos neste dia, mas não há recibo")
    anterior = None
    for recibo in recibos:
        difference = _chain(recibo, anterior) or _content(recibo) or _sums(recibo, totais.get(recibo.data, ()))
        yield Conferencia(recibo.data, difference)
        anterior = recibo


def _chain(recibo: Recibo, anterior: Recibo | None) -> str | None:
    if anterior is None:
        return None if recibo.hash_anterior is None else "o recibo se liga a um anterior, que não está no arquivo"
    if recibo.comerciante_id != anterior.comerciante_id:
        return f"o recibo é de outro comerciante: {recibo.comerciante_id}"
    if recibo.data != anterior.data + timedelta(days=1):
        return f"o recibo segue o de {anterior.data}: deveria ser o do dia seguinte"
    if recibo.hash_anterior != anterior.hash:
        return f"hash_anterior não é o hash do recibo de {anterior.data}"
    return None


def _content(recibo: Recibo) -> str | None:
    if (found := digest(recibo)) != recibo.hash:
        return f"o hash do que o recibo diz é {found}, e não {recibo.hash}"
    if recibo.quantidade != (found_quantity := sum(one.quantidade for one in recibo.totais)):
        return f"a quantidade diz {recibo.quantidade}, e os totais somam {found_quantity}"
    return None


def _sums(recibo: Recibo, found: Sequence[TotaisDoDia]) -> str | None:
    if tuple(found) == recibo.totais:
        return None
    told, counted = ({one.moeda: one for one in totais} for totais in (recibo.totais, found))
    for moeda in sorted(told.keys() | counted.keys()):
        for name in SOMAS:
            says, sums = (getattr(totais[moeda], name) if moeda in totais else 0 for totais in (told, counted))
            if says != sums:
                return f"{moeda} {name}: o recibo diz {says}, e os lançamentos somam {sums}"
    return "os totais não estão na ordem das moedas, ou uma se repete"
