"""A queue and its consumers, second by second: what a broker would say of them is what the autoscalers see."""

from collections import deque

from caixa_operator.autoscaler.queue import SAMPLE_SECONDS
from caixa_operator.autoscaler.reading import Consumers, Reading
from caixa_operator.resources.saldo import PREFETCH

RATE = 50.0
"""Events per second that one consumer applies."""
START_SECONDS = 6
"""From the decision to the first event of a new pod: scheduling, start, readiness."""
LATENCY_SECONDS = 0.2
"""How long an event is in a consumer's hands when nothing waits."""
SAMPLED_EVERY = 5
"""The broker's rates are refreshed so often."""


class Platform:
    """The queue and its consumers; pods that go stop at once, and what they held is ready again."""

    def __init__(self, pods: int) -> None:
        """Begin with pods that are ready and an empty queue."""
        self.second = 0
        self.backlog = 0.0
        self._starts = [-START_SECONDS] * pods
        self._served = 0.0
        self._arrived: deque[float] = deque([0.0] * SAMPLE_SECONDS, maxlen=SAMPLE_SECONDS)
        self._acked: deque[float] = deque([0.0] * SAMPLE_SECONDS, maxlen=SAMPLE_SECONDS)
        self._rates = (0.0, 0.0)

    @property
    def wanted(self) -> int:
        """Return how many pods there are, with those that only start."""
        return len(self._starts)

    @property
    def ready(self) -> int:
        """Return how many pods take events."""
        return sum(self.second - start >= START_SECONDS for start in self._starts)

    def scale(self, pods: int) -> None:
        """Start pods, or end the youngest."""
        self._starts = self._starts[:pods] + [self.second] * (pods - self.wanted)

    def tick(self, arriving: float) -> None:
        """Let a second pass in which `arriving` events come."""
        self.second += 1
        self._served = min(self.backlog + arriving, self.ready * RATE)
        self.backlog += arriving - self._served
        self._arrived.append(arriving)
        self._acked.append(self._served)
        if self.second % SAMPLED_EVERY == 0:
            self._rates = (sum(self._arrived) / SAMPLE_SECONDS, sum(self._acked) / SAMPLE_SECONDS)

    def seen(self) -> tuple[Reading, Consumers]:
        """Return what the broker's management API and the Deployment say."""
        inside = round(self.backlog + self._served * LATENCY_SECONDS)
        unacked = min(inside, self.ready * PREFETCH)
        arriving, acked = self._rates
        reading = Reading(ready=inside - unacked, unacked=unacked, arrival_rate=arriving, ack_rate=acked)
        return reading, Consumers(wanted=self.wanted, ready=self.ready)
