"""What the relay shows of itself to Prometheus."""

import time

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from caixa_fluxo.outbox_repository import Backlog
from caixa_fluxo.publisher import Delivery


class RelayMetrics:
    """The outbox's size and age, the fate of what was published, and the keys that expired."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._rows = Gauge("caixa_outbox_rows", "Events that wait for the broker's confirm.", registry=registry)
        self._oldest = Gauge("caixa_outbox_oldest_seconds", "Age of the event that waits longest; 0 when none does.", registry=registry)
        self._published = Counter("caixa_outbox_published", "Events confirmed by the broker.", registry=registry)
        self._purged = Counter("caixa_idempotency_keys_purged", "Idempotency keys deleted after their seven days.", registry=registry)
        self._failures = Counter(
            "caixa_outbox_confirm_failures",
            "Messages not confirmed: returned (no queue took it), refused (nack) or lost (no answer in time).",
            ["reason"],
            registry=registry,
        )
        for reason in ("returned", "refused", "lost"):
            self._failures.labels(reason)
        self._sizes = Histogram(
            "caixa_outbox_batch_size",
            "Events taken from the outbox in one transaction.",
            buckets=(1, 2, 5, 10, 20, 50, 100, 200, 350, 500, 1000, 2000, 5000),
            registry=registry,
        )
        self._seconds = Histogram(
            "caixa_outbox_batch_seconds",
            "From locking a batch to having deleted what the broker confirmed.",
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=registry,
        )

    def delivered(self, delivery: Delivery, *, taken: int, seconds: float) -> None:
        """Count a batch of `taken` events that was in hand for so many seconds."""
        self._sizes.observe(taken)
        self._seconds.observe(seconds)
        self._published.inc(len(delivery.confirmed))
        self._failures.labels("returned").inc(delivery.returned)
        self._failures.labels("refused").inc(delivery.refused)
        self._failures.labels("lost").inc(delivery.lost)

    def purged(self, keys: int) -> None:
        """Count expired keys."""
        self._purged.inc(keys)

    def waiting(self, backlog: Backlog) -> None:
        """Show what waits."""
        self._rows.set(backlog.rows)
        self._oldest.set(max(0.0, time.time() - backlog.oldest.timestamp()) if backlog.oldest else 0.0)
