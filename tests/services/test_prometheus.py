"""The figures, read back by the parser of Prometheus' own library."""

from __future__ import annotations

import math
from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from modelyard.services.metrics import (
    HostFigures,
    Latencies,
    ShadowFigures,
    VersionFigures,
    summed,
)
from modelyard.services.prometheus import exposition

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(text: bytes) -> Samples:
    families = list(text_string_to_metric_families(text.decode()))
    assert all(f.documentation and f.type != "unknown" for f in families)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples}


def figures() -> VersionFigures:
    latencies = Latencies()
    for seconds in (0.0004, 0.002, 0.002, 70.0):
        latencies.observe(seconds)
    return VersionFigures(
        version="V1",
        role="current",
        latencies=latencies.buckets(),
        total_s=latencies.total_s,
        failures={"model_error": 3, "overloaded": 2},
        joined={1: 5, 3: 2, 512: 1},
        rows=19,
        waiting=4,
        oldest_s=0.25,
        workers=2,
        busy=1,
        wanted=3,
        starts=6,
        crashes=7,
        dropped=8,
        refused=9,
    )


def test_every_figure_is_told_by_version() -> None:
    two = replace(figures(), version="V2", role="split", rows=1)
    found = read(
        exposition(HostFigures([figures(), two], {"requests": 11, "inferences": 0}, {401: 12}))
    )

    def value(name: str, **labels: str) -> float:
        labels = {"version": "V1", "role": "current", **labels}
        return found[name, tuple(sorted(labels.items()))]

    assert value("modelyard_requests_total", code="ok") == 4
    assert value("modelyard_requests_total", code="model_error") == 3
    assert value("modelyard_request_seconds_bucket", le="0.001") == 1
    assert value("modelyard_request_seconds_bucket", le="0.0025") == 3
    assert value("modelyard_request_seconds_bucket", le="10.0") == 3
    assert value("modelyard_request_seconds_bucket", le="+Inf") == 4
    assert value("modelyard_request_seconds_count") == 4
    assert value("modelyard_request_seconds_sum") == 0.0004 + 0.002 + 0.002 + 70.0
    assert value("modelyard_call_requests_bucket", le="1.0") == 5
    assert value("modelyard_call_requests_bucket", le="2.0") == 5
    assert value("modelyard_call_requests_bucket", le="4.0") == 7
    assert value("modelyard_call_requests_count") == 8
    assert value("modelyard_call_requests_sum") == 5 + 6 + 512
    plain = {
        "modelyard_rows_total": 19,
        "modelyard_waiting_requests": 4,
        "modelyard_oldest_wait_seconds": 0.25,
        "modelyard_workers": 2,
        "modelyard_workers_busy": 1,
        "modelyard_workers_wanted": 3,
        "modelyard_worker_starts_total": 6,
        "modelyard_worker_crashes_total": 7,
        "modelyard_requests_dropped_total": 8,
        "modelyard_requests_refused_total": 9,
    }
    assert {name: value(name) for name in plain} == plain
    assert value("modelyard_rows_total", version="V2", role="split") == 1
    assert found["modelyard_log_dropped_total", (("log", "requests"),)] == 11
    assert found["modelyard_error_answers_total", (("status", "401"),)] == 12


def test_a_host_without_a_version_yet_has_figures_too() -> None:
    assert list(read(exposition(HostFigures([], {"requests": 0}, {})))) == [
        ("modelyard_log_dropped_total", (("log", "requests"),))
    ]


def test_a_shadow_is_told_beside_what_answers_and_how_it_compares() -> None:
    asked = replace(figures(), role="shadow", rows=5)
    results = {"same": 7, "differed": 2, "failed": 1, "missed": 0}
    shadow = ShadowFigures("V1", results, math.inf)
    found = read(exposition(HostFigures(summed([figures(), asked]), {}, {}, shadow)))
    rows = {dict(labels)["role"]: n for (f, labels), n in found.items() if "rows" in f}
    assert rows == {"current": 19, "shadow": 5}
    for result, requests in results.items():
        labels = (("result", result), ("version", "V1"))
        assert found["modelyard_shadow_compared_total", labels] == requests
    assert found["modelyard_shadow_largest_difference", (("version", "V1"),)] == math.inf


def test_a_version_that_answers_from_two_places_is_told_once() -> None:
    other = replace(figures(), failures={"overloaded": 1}, joined={1: 1}, oldest_s=0.5, total_s=1.0)
    two, one = summed([figures(), replace(figures(), version="V2"), other])
    assert (two.version, one.version) == ("V1", "V2")
    assert two.latencies[0] == ("0.001", 2)
    assert two.failures == {"model_error": 3, "overloaded": 3}
    assert two.joined == {1: 6, 3: 2, 512: 1}
    assert (two.rows, two.oldest_s, two.refused) == (38, 0.5, 18)
    assert two.total_s == figures().total_s + 1.0
    assert one == replace(figures(), version="V2")
