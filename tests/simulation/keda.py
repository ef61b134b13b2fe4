"""KEDA's algorithm for a RabbitMQ queue, as KEDA documents it: it wakes and puts to sleep, and an HPA does the rest.

https://keda.sh/docs/latest/reference/scaledobject-spec/: every pollingInterval (30 s) a trigger above its activation value takes the
target from zero to one; cooldownPeriod (300 s) after the last active poll it goes back to zero, where minReplicaCount is zero.
https://keda.sh/docs/latest/scalers/rabbitmq-queue/: mode QueueLength (value 20 is the example's and once was the default) counts ready
messages over AMQP, with unacknowledged ones over HTTP; mode MessageRate, over HTTP, is the rate of arrival. Of several triggers the
largest proposal counts.
"""

from caixa_operator.autoscaler.reading import Consumers, Reading
from tests.simulation.hpa import DOWN_SECONDS, HorizontalPodAutoscaler, Metric

COOLDOWN_SECONDS = 300


def waiting(reading: Reading) -> float:
    """QueueLength over AMQP: what is in consumers' hands is not counted."""
    return float(reading.ready)


def arriving(reading: Reading) -> float:
    """MessageRate: events per second."""
    return reading.arrival_rate


class Keda:
    """One ScaledObject with RabbitMQ triggers."""

    def __init__(
        self,
        triggers: tuple[tuple[Metric, float], ...],
        *,
        least: int,
        most: int,
        polling_seconds: int = 30,
        down_seconds: int = DOWN_SECONDS,
    ) -> None:
        """Scale between `least`, which may be zero, and `most`."""
        self._triggers = triggers
        self._least = least
        self._polling_seconds = polling_seconds
        self._hpa = HorizontalPodAutoscaler(triggers, least=least, most=most, down_seconds=down_seconds)
        self._active_at = 0

    def wanted(self, reading: Reading, consumers: Consumers, second: int) -> int:
        """Return how many pods there should be."""
        if second % self._polling_seconds == 0:
            active = any(metric(reading) > 0 for metric, _ in self._triggers)
            if active:
                self._active_at = second
            if active and consumers.wanted == 0:
                return max(self._least, 1)
            if not active and self._least == 0 and second - self._active_at >= COOLDOWN_SECONDS:
                return 0
        return self._hpa.wanted(reading, consumers, second)
