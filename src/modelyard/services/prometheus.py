"""What Prometheus reads: made of plain numbers when it asks, so no request pays for it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from modelyard.services.metrics import HostFigures, ShadowFigures, VersionFigures, cumulated

_LABELS = ("version", "role")
_JOINED = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

_COUNTS: Mapping[str, tuple[str, Callable[[VersionFigures], float]]] = {
    "modelyard_rows": ("Rows that were scored.", lambda v: v.rows),
    "modelyard_worker_starts": ("R workers that were started.", lambda v: v.starts),
    "modelyard_worker_crashes": ("R workers that died.", lambda v: v.crashes),
    "modelyard_requests_dropped": (
        "Requests that were not asked: their caller had gone.",
        lambda v: v.dropped,
    ),
    "modelyard_requests_refused": (
        "Requests that found too many waiting already.",
        lambda v: v.refused,
    ),
}
_GAUGES: Mapping[str, tuple[str, Callable[[VersionFigures], float]]] = {
    "modelyard_waiting_requests": ("Requests that wait for a worker.", lambda v: v.waiting),
    "modelyard_oldest_wait_seconds": ("How long the oldest of them waits.", lambda v: v.oldest_s),
    "modelyard_workers": ("R workers that are there.", lambda v: v.workers),
    "modelyard_workers_busy": ("R workers that are asked something.", lambda v: v.busy),
    "modelyard_workers_wanted": ("R workers that are wanted.", lambda v: v.wanted),
}


class _Figures(Collector):
    def __init__(self, figures: HostFigures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Every family, with a sample for each version and role."""
        versions = self._figures.versions
        yield _latencies(versions)
        yield _requests(versions)
        yield _joined(versions)
        for name, (text, value) in _COUNTS.items():
            count = CounterMetricFamily(name, text, labels=_LABELS)
            for one in versions:
                count.add_metric(_of(one), value(one))
            yield count
        for name, (text, value) in _GAUGES.items():
            gauge = GaugeMetricFamily(name, text, labels=_LABELS)
            for one in versions:
                gauge.add_metric(_of(one), value(one))
            yield gauge
        dropped = CounterMetricFamily(
            "modelyard_log_dropped", "Requests that a log does not have.", labels=("log",)
        )
        for log, things in self._figures.log_dropped.items():
            dropped.add_metric((log,), things)
        yield dropped
        errors = CounterMetricFamily(
            "modelyard_error_answers", "Requests that were answered an error.", labels=("status",)
        )
        for status, requests in self._figures.errors.items():
            errors.add_metric((str(status),), requests)
        yield errors
        if (shadow := self._figures.shadow) is not None:
            yield from _compared(shadow)


def _of(one: VersionFigures) -> tuple[str, str]:
    return one.version, one.role


def _compared(shadow: ShadowFigures) -> Iterator[Metric]:
    compared = CounterMetricFamily(
        "modelyard_shadow_compared",
        "Requests that the shadow was to be asked too, by how its answer compares.",
        labels=("version", "result"),
    )
    for result, requests in shadow.compared.items():
        compared.add_metric((shadow.version, result), requests)
    yield compared
    largest = GaugeMetricFamily(
        "modelyard_shadow_largest_difference",
        "Of two numbers, the shadow's and the one that was answered; Inf where one is missing.",
        labels=("version",),
    )
    largest.add_metric((shadow.version,), shadow.largest)
    yield largest


def _latencies(versions: Sequence[VersionFigures]) -> Metric:
    found = HistogramMetricFamily(
        "modelyard_request_seconds",
        "From a request's last byte to its answer, for those that were scored.",
        labels=_LABELS,
    )
    for one in versions:
        found.add_metric(_of(one), list(one.latencies), one.total_s)
    return found


def _requests(versions: Sequence[VersionFigures]) -> Metric:
    found = CounterMetricFamily(
        "modelyard_requests",
        "Requests to predict, by ok or the code of their error.",
        labels=(*_LABELS, "code"),
    )
    for one in versions:
        found.add_metric((*_of(one), "ok"), one.latencies[-1][1])
        for code, count in one.failures.items():
            found.add_metric((*_of(one), code), count)
    return found


def _joined(versions: Sequence[VersionFigures]) -> Metric:
    found = HistogramMetricFamily(
        "modelyard_call_requests", "Requests that were asked as one call.", labels=_LABELS
    )
    for one in versions:
        counts = [0] * (len(_JOINED) + 1)
        for requests, calls in one.joined.items():
            counts[bisect_left(_JOINED, requests)] += calls
        total = sum(requests * calls for requests, calls in one.joined.items())
        buckets = cumulated(counts, [f"{bound}.0" for bound in _JOINED])
        found.add_metric(_of(one), buckets, total)
    return found


def exposition(figures: HostFigures) -> bytes:
    """The text of these figures."""
    registry = CollectorRegistry()
    registry.register(_Figures(figures))
    return generate_latest(registry)
