"""The metrics of /metrics over OTLP: the same registry, the same names, so that nothing is counted twice or named twice."""

import atexit
import os
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Final

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.metrics.export import Metric as OtlpMetric
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import REGISTRY, Metric
from prometheus_client.samples import Sample

DEFAULT_INTERVAL_MILLIS: Final = 60_000
_LAST_MILLIS: Final = 5_000
_CUMULATIVE: Final = AggregationTemporality.CUMULATIVE


def converted(families: Iterable[Metric], *, began: int, now: int) -> Iterator[OtlpMetric]:
    """Turn Prometheus's families into OTLP's metrics; instants in nanoseconds since 1970.

    Counters keep their `_total`, as the specification of compatibility has it: one page lists the names for both.
    """
    for family in families:
        if family.type == "histogram":
            histogram = Histogram([*_histograms(family, began, now)], _CUMULATIVE)
            yield OtlpMetric(family.name, family.documentation, "", histogram)
        elif family.type == "counter":
            points = [_number(one, began, now) for one in family.samples if one.name.endswith("_total")]
            yield OtlpMetric(f"{family.name}_total", family.documentation, "", Sum(points, _CUMULATIVE, is_monotonic=True))
        else:
            yield OtlpMetric(family.name, family.documentation, "", Gauge([_number(one, began, now) for one in family.samples]))


def _number(sample: Sample, began: int, now: int) -> NumberDataPoint:
    return NumberDataPoint(dict(sample.labels), began, now, sample.value)


def _histograms(family: Metric, began: int, now: int) -> Iterator[HistogramDataPoint]:
    """Give a point per set of labels: OTLP counts each bucket by itself, Prometheus all up to its bound."""
    found: dict[tuple[tuple[str, str], ...], dict[str, float]] = {}
    for sample in family.samples:
        labels = tuple(pair for pair in sample.labels.items() if pair[0] != "le")
        part = sample.labels.get("le") or sample.name.removeprefix(family.name)
        found.setdefault(labels, {})[part] = sample.value
    for labels, parts in found.items():
        cumulative = sorted((float(bound), int(count)) for bound, count in parts.items() if not bound.startswith("_"))
        counts = [count - before for (_, count), before in zip(cumulative, [0, *(count for _, count in cumulative)], strict=False)]
        yield HistogramDataPoint(
            attributes=dict(labels),
            start_time_unix_nano=began,
            time_unix_nano=now,
            count=int(parts.get("_count", 0)),
            sum=parts.get("_sum", 0.0),
            bucket_counts=counts,
            explicit_bounds=[bound for bound, _ in cumulative[:-1]],
            min=None,  # type: ignore[arg-type]  # optional in OTLP, and unknown here
            max=None,  # type: ignore[arg-type]  # the same
        )


def export_metrics(resource: Resource) -> None:
    """Export every OTEL_METRIC_EXPORT_INTERVAL milliseconds, and once more when the process ends."""
    exporter, scope, began = OTLPMetricExporter(), InstrumentationScope("caixa"), time.time_ns()
    seconds = int(os.environ.get("OTEL_METRIC_EXPORT_INTERVAL") or DEFAULT_INTERVAL_MILLIS) / 1000
    stop = threading.Event()

    def export(timeout_millis: float) -> None:
        metrics = [*converted(REGISTRY.collect(), began=began, now=time.time_ns())]
        exporter.export(MetricsData([ResourceMetrics(resource, [ScopeMetrics(scope, metrics, "")], "")]), timeout_millis)

    def again_and_again() -> None:
        while not stop.wait(seconds):
            export(seconds * 1000)

    thread = threading.Thread(target=again_and_again, name="otlp-metrics", daemon=True)

    def last() -> None:
        stop.set()
        export(_LAST_MILLIS)
        exporter.shutdown()

    atexit.register(last)
    thread.start()
