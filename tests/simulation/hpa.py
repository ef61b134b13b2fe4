"""The HorizontalPodAutoscaler's algorithm for a queue's length, as Kubernetes documents it.

https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details and #default-behavior: every 15 s (the
flag --horizontal-pod-autoscaler-sync-period) `ceil(metric / target average)`; nothing within a tolerance of 10 %; up at once, but by no
more than the larger of 100 % and 4 pods in 15 s; down to the largest recommendation of the last 300 s, by up to 100 % in 15 s. A target
with no pods is left alone. The metric is what a Prometheus adapter would give, here without its delay.
"""

import math
from collections.abc import Callable

from caixa_operator.autoscaler.reading import Consumers, Reading

SYNC_SECONDS = 15
TOLERANCE = 0.1
DOWN_SECONDS = 300

Metric = Callable[[Reading], float]


def waiting_and_held(reading: Reading) -> float:
    """Count every event that is not yet in a balance."""
    return float(reading.ready + reading.unacked)


class HorizontalPodAutoscaler:
    """One HPA; several metrics each propose a number, and the largest counts, as documented."""

    def __init__(
        self,
        metrics: tuple[tuple[Metric, float], ...],
        *,
        least: int,
        most: int,
        down_seconds: int = DOWN_SECONDS,
    ) -> None:
        """Keep the average of each metric per pod at its target."""
        self._metrics = metrics
        self._least = max(least, 1)  # zero needs the alpha gate HPAScaleToZero
        self._most = most
        self._down_seconds = down_seconds
        self._recommended: list[tuple[int, int]] = []

    def wanted(self, reading: Reading, consumers: Consumers, second: int) -> int:
        """Return how many pods there should be."""
        if second % SYNC_SECONDS or consumers.wanted == 0:
            return consumers.wanted
        proposed = max(_proposal(metric(reading), target, consumers.wanted) for metric, target in self._metrics)
        proposed = min(max(proposed, self._least), self._most)
        self._recommended = [(at, count) for at, count in self._recommended if at >= second - self._down_seconds] + [(second, proposed)]
        if proposed > consumers.wanted:
            return min(proposed, max(consumers.wanted * 2, consumers.wanted + 4))
        return min(max(count for _, count in self._recommended), consumers.wanted)


def _proposal(value: float, target: float, pods: int) -> int:
    return pods if abs(value / (target * pods) - 1) <= TOLERANCE else math.ceil(value / target)
