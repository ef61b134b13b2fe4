"""Reading balances for the API: one query per answer, after the entry that the caller waits for, if any."""

from collections.abc import Callable, Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from caixa_comum.problems import Erro, problem
from caixa_saldo import balance_queries, projection, receipts
from caixa_saldo.arrivals import Arrivals
from caixa_saldo.daily_balance import RelatorioDiario, consolidate

LONGEST_WAIT_SECONDS = 5.0
Awaited = tuple[UUID, UUID]
"""A merchant and the entry of its own that it waits for."""


class BalanceReads:
    """The balances as the API gives them."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime], *, longest_wait_seconds: float = LONGEST_WAIT_SECONDS) -> None:
        self._engine = engine
        self._clock = clock
        self._longest_wait_seconds = longest_wait_seconds
        self._arrivals: Arrivals[Awaited] = Arrivals(self._known)

    async def report(self, comerciante_id: UUID, de: date, ate: date) -> RelatorioDiario:
        """Give the merchant's balances of every day from `de` to `ate`, both included."""
        async with self._engine.connect() as connection:
            # Receipts first: what comes in between can only make a day that waits look closed sooner, never a closed one divergent.
            recibos = await receipts.of_days(connection, comerciante_id, de, ate)
            aberturas, movimentos = await balance_queries.opening_and_movements(connection, comerciante_id, de, ate)
        return consolidate(aberturas, movimentos, de, ate, recibos=recibos, now=self._clock())

    async def after(self, comerciante_id: UUID, event_id: UUID | None) -> None:
        """Wait until the balances include this entry of the merchant's. Raises Problem 504 when it has not come within the longest wait.

        Another merchant's entry never comes, so that nobody learns of it.
        """
        if event_id is None or await self._arrivals.wait((comerciante_id, event_id), self._longest_wait_seconds):
            return
        detail = "O lançamento ainda está a caminho do saldo. Tente de novo em instantes, ou sem “apos” para o saldo de agora."
        raise problem(504, detail, erros=[Erro(f"{event_id} ainda não está incluído no saldo", "/apos")], headers={"Retry-After": "1"})

    async def _known(self, asked: Collection[Awaited]) -> Collection[Awaited]:
        async with self._engine.connect() as connection:
            owners = await projection.owners(connection, {event_id for _, event_id in asked})
        # An event of before owners were kept is taken for whoever's names it: an id that cannot be guessed.
        return [one for one in asked if one[1] in owners and owners[one[1]] in {one[0], None}]
