"""What the sandbox costs: entering it, and predicting in it."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from bench.harness import Row, report

from modelyard.artifacts.files import FileStore
from modelyard.compute.base import Process
from modelyard.compute.local import LocalCompute, find_r
from modelyard.runtime import messages as m
from modelyard.runtime.r.rds_write import FrameWriter

STARTS = 9
WITH, WITHOUT = "in the sandbox", "without one"
MODELS = {
    "lm": "lm(mpg ~ wt + hp + cyl, mtcars)",
    "ranger": "ranger::ranger(mpg ~ wt + hp + cyl, mtcars, num.trees = 100, seed = 1)",
}
CASES = (("lm", 1, 2000), ("lm", 10_000, 300), ("ranger", 1, 400), ("ranger", 10_000, 60))
"""Model, rows and rounds."""


@dataclass(frozen=True)
class Started:
    """A worker that is ready, what its start took, and what of that was the sandbox."""

    process: Process
    start_s: float
    enter_s: float


def start(compute: LocalCompute) -> Started:
    """A worker, ready."""
    began = time.perf_counter()
    process = compute.spawn_worker(4 * 2**30)
    ready, _, _ = process.channel.receive()
    assert isinstance(ready, m.Ready)
    assert (ready.isolation.level == "full") == (compute.layers != ())
    return Started(process, time.perf_counter() - began, ready.isolation.seconds)


def entering() -> list[Row]:
    """The start of a worker with and without, and the entering itself."""
    runs: dict[str, list[Started]] = {WITHOUT: [], WITH: []}
    for _ in range(STARTS):
        for system, compute in _systems().items():
            runs[system].append(start(compute))
            runs[system][-1].process.kill()
    base = statistics.median(s.start_s for s in runs[WITHOUT])
    took = statistics.median(s.start_s for s in runs[WITH])
    entered = statistics.median(s.enter_s for s in runs[WITH])
    rows = ((WITHOUT, base), (WITH, took), ("  of that: entering and trying it", entered))
    return [
        Row("start of a worker", name, round(1e3 * s, 2), "ms", round(s / base, 3))
        for name, s in rows
    ]


def _systems() -> dict[str, LocalCompute]:
    return {WITHOUT: LocalCompute(layers=(), uids=""), WITH: LocalCompute()}


def asker(started: Started, store: FileStore, digest: str, rows: m.Rows) -> Callable[[], float]:
    """What loads a model, and then takes the seconds of one prediction."""
    channel = started.process.channel
    with store.open(digest) as file:
        channel.send(m.Load(digest, None, "predict", [], {}, []), files=[file.fileno()])
        loaded, _, _ = channel.receive()
        assert isinstance(loaded, m.Loaded), loaded

    def ask() -> float:
        began = time.perf_counter()
        channel.send(m.Predict("bench"), rows)
        reply, _, _ = channel.receive()
        assert isinstance(reply, m.Answer), reply
        return time.perf_counter() - began

    return ask


def predicting(store: FileStore, model: str, n: int, rounds: int, digest: str) -> list[Row]:
    """The same request to both, in turn."""
    table = pa.table({"wt": [2.5] * n, "hp": [110.0] * n, "cyl": [4.0] * n})
    rows = FrameWriter().pieces(table)
    workers = {name: start(compute) for name, compute in _systems().items()}
    ask = {name: asker(w, store, digest, rows) for name, w in workers.items()}
    for _ in range(20):
        for name in ask:
            ask[name]()
    times: dict[str, list[float]] = {WITHOUT: [], WITH: []}
    for i in range(rounds):
        for name in list(ask) if i % 2 else list(ask)[::-1]:
            times[name].append(ask[name]())
    for worker in workers.values():
        worker.process.kill()
    base = statistics.median(times[WITHOUT])
    return [
        Row(
            f"{model}, {n:,} row{'s' * (n > 1)}",
            name,
            round(1e3 * statistics.median(times[name]), 4),
            "ms",
            round(statistics.median(times[name]) / base, 3),
        )
        for name in (WITHOUT, WITH)
    ]


def main() -> None:
    """Run and report."""
    find_r()
    rows = entering()
    with tempfile.TemporaryDirectory() as folder:
        store = FileStore(Path(folder) / "artifacts")
        digests = {}
        for name, code in MODELS.items():
            path = Path(folder) / f"{name}.rds"
            subprocess.run(["Rscript", "--vanilla", "-e", f"saveRDS({code}, '{path}')"], check=True)
            digests[name] = store.put(path).digest
        for model, n, rounds in CASES:
            rows += predicting(store, model, n, rounds, digests[model])
    report("sandbox", rows)


if __name__ == "__main__":
    main()
