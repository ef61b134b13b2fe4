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


class BalanceReads:
    """The balances as the API gives them."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime], *, longest_wait_seconds: float = LONGEST_WAIT_SECONDS) -> None:
        self._engine = engine
        self._clock = clock
        self._longest_wait_seconds = longest_wait_seconds
        self._arrivals = Arrivals(self._known)

    async def report(self, comerciante_id: UUID, de: date, ate: date) -> RelatorioDiario:
        """Give the merchant's balances of every day from `de` to `ate`, both included."""
        async with self._engine.connect() as connection:
            # Receipts first: what comes in between can only make a day that waits look closed sooner, never a closed one divergent.
            recibos = await receipts.of_days(connection, comerciante_id, de, ate)
            aberturas, movimentos = await balance_queries.opening_and_movements(connection, comerciante_id, de, ate)
        return consolidate(aberturas, movimentos, de, ate, recibos=recibos, now=self._clock())

    async def after(self, event_id: UUID | None) -> None:
        """Wait until the balances include this entry. Raises Problem 504 when it has not come within the longest wait."""
        if event_id is None or await self._arrivals.wait(event_id, self._longest_wait_seconds):
            return
        detail = "O lançamento ainda está a caminho do saldo. Tente de novo em instantes, ou sem “apos” para o saldo de agora."
        raise problem(504, detail, erros=[Erro(f"{event_id} ainda não está incluído no saldo", "/apos")], headers={"Retry-After": "1"})

    async def _known(self, event_ids: Collection[UUID]) -> Collection[UUID]:
        async with self._engine.connect() as connection:
            return await projection.known(connection, list(event_ids))
