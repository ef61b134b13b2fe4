"""What the load knows to be true: every entry that was answered 201, and what the balances must therefore be."""

from collections import defaultdict
from collections.abc import Iterable

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """An entry as the gateway gave it back; `valor` in minor units."""

    id: str
    tipo: str
    valor: int
    moeda: str
    data: str


class Day(msgspec.Struct, frozen=True):
    """What the balance of one business day must say, in minor units."""

    total_creditos: int = 0
    total_debitos: int = 0
    quantidade: int = 0
    saldo_final: int = 0


class Ledger:
    """The entries of one run, by merchant, in the order of their answers."""

    def __init__(self) -> None:
        self._entries: dict[str, list[Entry]] = defaultdict(list)

    def __len__(self) -> int:
        return sum(len(entries) for entries in self._entries.values())

    def record(self, merchant: str, entry: Entry) -> None:
        """Remember an entry that was accepted."""
        self._entries[merchant].append(entry)

    def entries(self, merchant: str) -> list[Entry]:
        """Return the merchant's accepted entries."""
        return list(self._entries[merchant])


def days(entries: Iterable[Entry]) -> dict[str, Day]:
    """Add entries of one currency up by business day, in order, each day carrying the balance forward."""
    by_day: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_day[entry.data].append(entry)
    balance, result = 0, dict[str, Day]()
    for day, of_day in sorted(by_day.items()):
        credit = sum(entry.valor for entry in of_day if entry.tipo == "credito")
        debit = sum(entry.valor for entry in of_day if entry.tipo == "debito")
        balance += credit - debit
        result[day] = Day(credit, debit, len(of_day), balance)
    return result


def amount(number: int) -> tuple[str, int]:
    """Choose type and value (centavos) of the entry with this number: every fifth a debit, values that differ so that a loss shows."""
    return "credito" if number % 5 else "debito", 1 + number * 7919 % 99_991
