"""A ledger in memory, as simple as its rules: what fluxo and saldo must say of one merchant."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

Outcome = Literal["recorded", "future", "closed", "reference", "reversed", "estorno", "open"]


@dataclass
class Entry:
    """An entry as fluxo answered it."""

    id: str
    tipo: str
    valor: int
    moeda: str
    data: date
    registrado_em: datetime
    referencia: str | None = None
    estorna: "Entry | None" = None
    estornado_por: "Entry | None" = None

    @property
    def sinal(self) -> int:
        """What it adds to the balance."""
        return self.valor if self.tipo == "credito" else -self.valor


@dataclass
class Ledger:
    """One merchant's entries and closed days."""

    fuso: ZoneInfo
    entries: list[Entry] = field(default_factory=list)
    fechado_ate: date | None = None
    recibos: list[date] = field(default_factory=list)

    def closed(self, dia: date) -> bool:
        """Tell whether the day takes no entry any more."""
        return self.fechado_ate is not None and dia <= self.fechado_ate

    def recording(self, dia: date, hoje: date, referencia: str | None) -> Outcome:
        """Say what becomes of an entry for this day with this reference."""
        if dia > hoje:
            return "future"
        if self.closed(dia):
            return "closed"
        return "reference" if referencia and any(one.referencia == referencia for one in self.entries) else "recorded"

    def reversing(self, entry: Entry) -> Outcome:
        """Say what becomes of an estorno."""
        if entry.estorna is not None:
            return "estorno"
        return "reversed" if entry.estornado_por is not None else "recorded"

    def day_of_estorno(self, entry: Entry, hoje: date) -> date:
        """Say which day an estorno gets."""
        return hoje if self.closed(entry.data) else entry.data

    def closing(self, dia: date, hoje: date) -> Outcome:
        """Say what becomes of the closing of a day."""
        if dia >= hoje:
            return "open"
        return "closed" if self.closed(dia) else "recorded"

    def close(self, dia: date) -> list[date]:
        """Close a day and those before it that have no receipt; give the days that get one."""
        first = min([dia, *(one.data for one in self.entries)]) if self.fechado_ate is None else self.fechado_ate + timedelta(days=1)
        days = [first + timedelta(days=n) for n in range((dia - first).days + 1)]
        self.recibos += days
        self.fechado_ate = dia
        return days

    def totals(self, dia: date) -> list[dict[str, Any]]:  # Any: JSON
        """Give what a receipt says of the day."""
        today = [one for one in self.entries if one.data == dia]
        return [
            {
                "moeda": moeda,
                "total_creditos": sum(one.valor for one in today if (one.moeda, one.tipo) == (moeda, "credito")),
                "total_debitos": sum(one.valor for one in today if (one.moeda, one.tipo) == (moeda, "debito")),
                "quantidade": sum(one.moeda == moeda for one in today),
            }
            for moeda in sorted({one.moeda for one in today})
        ]

    def day(self, dia: date) -> dict[str, Any]:  # Any: JSON
        """Give the balances of a day as saldo must answer them."""
        so_far = [one for one in self.entries if one.data <= dia]
        moedas = {"BRL", *(one.moeda for one in so_far)}
        return {"data": str(dia), "saldos": [self._saldo(moeda, dia) for moeda in sorted(moedas, key=lambda one: (one != "BRL", one))]}

    def _saldo(self, moeda: str, dia: date) -> dict[str, Any]:  # Any: JSON
        mine = [one for one in self.entries if one.moeda == moeda and one.data <= dia]
        today = [one for one in mine if one.data == dia]
        newest = max((one.registrado_em for one in mine), default=None)
        return {
            "moeda": moeda,
            "saldo_anterior": sum(one.sinal for one in mine if one.data < dia),
            "total_creditos": sum(one.valor for one in today if one.tipo == "credito"),
            "total_debitos": sum(one.valor for one in today if one.tipo == "debito"),
            "quantidade": len(today),
            "saldo_final": sum(one.sinal for one in mine),
            "situacao": "fechado" if dia in self.recibos else "aberto",
            "atualizado_em": None if newest is None else newest,
        }

    def listed(self) -> list[str]:
        """Give the ids in the order of the list: newest day first, and within a day newest record first."""
        return [one.id for one in sorted(self.entries, key=lambda one: (one.data, one.id), reverse=True)]
