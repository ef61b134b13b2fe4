"""The operator's own policy, called as its loop calls it."""

from caixa_operator.autoscaler import policy
from caixa_operator.autoscaler.reading import Consumers, Memory, Reading
from caixa_operator.autoscaler.scaler import BUSY_SECONDS, CALM_SECONDS
from caixa_operator.resources.saldo import PREFETCH
from caixa_operator.spec.saldo import Autoscaling


class Caixa:
    """The pure policy with its memory, looked at every 5 s while something waits and more seldom while nothing does."""

    def __init__(self, autoscaling: Autoscaling) -> None:
        """Begin without memory."""
        self._autoscaling = autoscaling
        self._memory = Memory()
        self._next = 0.0

    def wanted(self, reading: Reading, consumers: Consumers, second: int) -> int:
        """Return how many pods there should be."""
        if second < self._next:
            return consumers.wanted
        decision, self._memory = policy.decide(self._autoscaling, self._memory, reading, consumers, prefetch=PREFETCH, now=float(second))
        busy = reading.ready > 0 or decision.desired != consumers.wanted
        self._next = second + (BUSY_SECONDS if busy else CALM_SECONDS)
        return decision.desired
