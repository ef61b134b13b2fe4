"""The proof that every balance is the sum of its entries, while entries keep coming.

Per chunk of merchants, saldo is read in one snapshot that begins *before* fluxo is read: whatever the snapshot's inbox knows was
committed in fluxo earlier, so it is among the entries found. Where sums differ, the entries that the snapshot's inbox knows must add
up to the balance exactly: no waiting can excuse that. The entries that it does not know are under way. They are asked for again,
in the outbox first and in the inbox afterwards: what is in neither was handed over and is not in a balance. Only if that is still
so after the patience has run out is the entry missing. Receipts of closed days are events too, and must arrive like entries.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from caixa_saldo import comparison_queries, projection, receipts
from caixa_saldo.closing import NOTHING, Totais, situacao_do_dia
from caixa_saldo.comparison_queries import Key
from caixa_saldo.tables import saldo_diario

MERCHANTS = 100
ENTRIES = 1000
MOST_SHOWN = 100
PAUSE_SECONDS = 1.0


class Diferenca(msgspec.Struct, frozen=True):
    """One merchant, currency and day whose balance is not the sum of the entries that the inbox knows."""

    comerciante_id: UUID
    moeda: str
    data: date
    saldo: Totais
    lancamentos: Totais


class Conciliacao(msgspec.Struct):
    """What was compared, and what was found; `diferencas` and `faltando` (ids of events lost on the way) show the first 100 each."""

    comerciantes: int = 0
    saldos: int = 0
    lancamentos: int = 0
    a_caminho: int = 0
    total_diferencas: int = 0
    total_faltando: int = 0
    dias_divergentes: int = 0
    diferencas: list[Diferenca] = []
    faltando: list[UUID] = []

    @property
    def proven(self) -> bool:
        """Whether every balance equals its entries and nothing is missing."""
        return not (self.total_diferencas or self.total_faltando or self.dias_divergentes)


class Reconciliation:
    """One run over all merchants."""

    def __init__(self, saldo: AsyncEngine, fluxo: AsyncEngine, clock: Callable[[], datetime], *, patience_seconds: float) -> None:
        self._saldo = saldo
        self._fluxo = fluxo
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._found = Conciliacao()
        self._under_way: set[UUID] = set()
        self.missing: frozenset[UUID] = frozenset()
        """Every event that was missing when `run` ended: all those of which `faltando` shows some."""

    async def run(self) -> Conciliacao:
        """Compare all. Raises what the databases' driver raises when one of them is away."""
        last: UUID | None = None
        while chunk := await self._chunk(last):
            await self._compare(chunk)
            last = chunk[-1]
        await self._look_for_receipts()
        await self._follow()
        return self._found

    async def _chunk(self, after: UUID | None) -> list[UUID]:
        """Take the next merchants that either side knows."""
        found: set[UUID] = set()
        for engine, table in ((self._saldo, saldo_diario), (self._fluxo, comparison_queries.lancamento)):
            async with engine.connect() as connection:
                found.update(await comparison_queries.merchants(connection, table, after, MERCHANTS))
        return sorted(found)[:MERCHANTS]

    async def _compare(self, comerciantes: list[UUID]) -> None:
        async with self._saldo.connect() as saldo:
            # The first read begins the snapshot that all further ones of this transaction see.
            await saldo.execution_options(isolation_level="REPEATABLE READ")
            held = await comparison_queries.balances(saldo, comerciantes)
            recibos = await receipts.of_merchants(saldo, comerciantes)
            async with self._fluxo.connect() as fluxo:
                sums = await comparison_queries.sums(fluxo, comerciantes)
                for key in sorted(held.keys() | sums.keys()):
                    if held.get(key, NOTHING) != sums.get(key, NOTHING):
                        await self._explain(saldo, fluxo, key, held.get(key, NOTHING))
        self._found.comerciantes += len(comerciantes)
        self._found.saldos += len(held)
        self._found.lancamentos += sum(totais.quantidade for totais in sums.values())
        days: dict[tuple[UUID, date], dict[str, Totais]] = {}
        for (merchant, moeda, data), totais in held.items():
            days.setdefault((merchant, data), {})[moeda] = totais
        now = self._clock()
        self._found.dias_divergentes += sum(
            situacao_do_dia(recibo, days.get((merchant, recibo.data), {}), now) == "divergente" for merchant, recibo in recibos
        )

    async def _explain(self, saldo: AsyncConnection, fluxo: AsyncConnection, key: Key, held: Totais) -> None:
        """Add up the entries that the snapshot's inbox knows; note those that it does not."""
        included = NOTHING
        last: UUID | None = None
        while page := await comparison_queries.entries(fluxo, key, last, ENTRIES):
            known = await projection.known(saldo, list(page))
            self._under_way.update(page.keys() - known)
            for event_id in known:
                included = _plus(included, page[event_id])
            last = max(page)
        if included != held:
            self._found.total_diferencas += 1
            if len(self._found.diferencas) < MOST_SHOWN:
                self._found.diferencas.append(Diferenca(*key, saldo=held, lancamentos=included))

    async def _look_for_receipts(self) -> None:
        """Note the receipts that the inbox does not know."""
        last: UUID | None = None
        while True:
            async with self._fluxo.connect() as fluxo:
                page = await comparison_queries.receipts(fluxo, last, ENTRIES)
            if not page:
                return
            async with self._saldo.connect() as saldo:
                self._under_way.update(set(page) - await projection.known(saldo, page))
            last = page[-1]

    async def _follow(self) -> None:
        """Ask again for what was under way until it has arrived, is known to wait in the outbox, or patience ends."""
        self._found.a_caminho = len(self._under_way)
        deadline = time.monotonic() + self._patience_seconds
        while missing := await self._missing():
            if time.monotonic() >= deadline:
                self.missing = frozenset(missing)
                self._found.total_faltando = len(missing)
                self._found.faltando = sorted(missing)[:MOST_SHOWN]
                return
            self._under_way = missing
            await asyncio.sleep(min(PAUSE_SECONDS, max(0.0, deadline - time.monotonic())))

    async def _missing(self) -> set[UUID]:
        if not self._under_way:
            return set()
        # The outbox first: what is not in it has been handed over by now, and what the inbox then lacks is on its way or lost.
        async with self._fluxo.connect() as fluxo:
            missing = self._under_way - await comparison_queries.not_handed_over(fluxo, self._under_way)
        ids = sorted(missing)
        for begin in range(0, len(ids), ENTRIES):
            async with self._saldo.connect() as saldo:
                missing -= await projection.known(saldo, ids[begin : begin + ENTRIES])
        return missing


def _plus(one: Totais, other: Totais) -> Totais:
    return Totais(one.creditos + other.creditos, one.debitos + other.debitos, one.quantidade + other.quantidade)
