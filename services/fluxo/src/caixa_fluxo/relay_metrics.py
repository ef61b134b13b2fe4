"""What the relay shows of itself to Prometheus."""

import time

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge

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

    def delivered(self, delivery: Delivery) -> None:
        """Count a batch."""
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
