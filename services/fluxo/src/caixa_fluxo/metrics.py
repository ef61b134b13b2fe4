"""What the entries' API tells Prometheus of its group commit, beside its requests and its connections."""

from prometheus_client import Counter, Gauge, Histogram

COMMIT_ROWS = Histogram(
    "caixa_group_commit_rows",
    "Registrations that shared one transaction.",
    buckets=(1, 2, 3, 5, 10, 20, 35, 50, 75, 100, 200, 500, 1000),
)
COMMIT_SECONDS = Histogram(
    "caixa_group_commit_seconds",
    "From taking a batch to having it committed, or refused.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
WAITING = Gauge("caixa_group_commit_waiting", "Registrations that wait for a writer.")
OVERLOADED = Counter("caixa_group_commit_overloaded", "Registrations refused because too many waited already, or the process was ending.")
