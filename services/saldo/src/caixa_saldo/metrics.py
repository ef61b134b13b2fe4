"""What the consumer tells Prometheus, beside health and the process's own figures."""

from prometheus_client import Counter, Gauge, Histogram

APPLIED = Counter("caixa_saldo_applied", "Entries added to the balances")
CLOSINGS = Counter("caixa_saldo_closings", "Receipts of closed days taken in")
REDELIVERED = Counter("caixa_saldo_redelivered", "Deliveries that the broker marked as possibly delivered before")
DUPLICATES = Counter("caixa_saldo_duplicates", "Deliveries of events that were taken in already")
QUARANTINED = Counter("caixa_saldo_quarantined", "Messages set apart because they could not be applied")
RETRIES = Counter("caixa_saldo_retries", "Transactions tried again", ["cause"])
for _cause in ("lock", "database"):
    RETRIES.labels(_cause)
IN_QUARANTINE = Gauge("caixa_saldo_quarantine_messages", "Messages in quarantine now, of all consumers together")
DIVERGENT_DAYS = Gauge("caixa_saldo_divergent_days", "Closed days whose receipt the balances do not equal, of all merchants")
AWAITED_DAYS = Gauge("caixa_saldo_awaited_days", "Closed days some of whose entries are still on their way, of all merchants")
CONSUMING = Gauge("caixa_saldo_consuming", "1 while the broker delivers to this consumer")
WAITING = Gauge("caixa_saldo_queue_messages", "Messages that wait at the broker, by queue; of all consumers together", ["queue"])
HOLDING = Gauge("caixa_saldo_holding", "1 while a batch waits for the database to come back")
BATCH_SIZE = Histogram("caixa_saldo_batch_size", "Messages per batch", buckets=(1, 2, 5, 10, 20, 50, 100, 150, 200, 500, 1000))
BATCH_SECONDS = Histogram(
    "caixa_saldo_batch_seconds",
    "From having a batch to having it committed",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
LAG_SECONDS = Histogram(
    "caixa_saldo_lag_seconds",
    "From an entry's registration to its being in the balance",
    buckets=(0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200),
)
LAST_LAG_SECONDS = Gauge("caixa_saldo_last_lag_seconds", "Registration to balance, for the newest entry of the last batch")
