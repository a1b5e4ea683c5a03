"""From nothing to a first prediction, by part, beside an Rscript that does the same."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from bench.harness import Row, report

from modelyard.artifacts.files import FileStore
from modelyard.compute.local import LocalCompute, find_r
from modelyard.runtime import messages as m
from modelyard.runtime.r.rds_write import FrameWriter

ROUNDS = 9
ROW = pa.table({"wt": [2.5], "hp": [110.0], "cyl": pa.array([4], pa.int32())})


def ours(store: FileStore, digest: str, row: pa.Table = ROW) -> dict[str, float]:
    """Seconds of each part of one start."""
    parts = {}
    begun = last = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal last
        now = time.perf_counter()
        parts[name] = now - last
        last = now

    process = LocalCompute().spawn_worker(4 * 2**30)
    ready, _, _ = process.channel.receive()
    lap("process, imports and R")
    assert isinstance(ready, m.Ready)
    with store.open(digest) as file:
        process.channel.send(m.Load(digest, None, "predict", [], {}, []), files=[file.fileno()])
        process.channel.receive()
    lap("check and load the model")
    process.channel.send(m.Predict("bench"), FrameWriter().pieces(row))
    process.channel.receive()
    lap("first prediction")
    parts["of the first: R itself and its functions"] = ready.seconds
    parts["total"] = last - begun
    process.kill()
    return parts


def rscript(path: Path) -> Callable[[], object]:
    """The same by hand: a new Rscript that reads the file and predicts."""
    code = f"m <- readRDS('{path}'); predict(m, data.frame(wt = 2.5, hp = 110, cyl = 4L))"
    return lambda: subprocess.run(
        ["Rscript", "--vanilla", "-e", code], capture_output=True, check=True
    )


def main() -> None:
    """Run and report."""
    find_r()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.rds"
        fit = f"saveRDS(lm(mpg ~ wt + hp + cyl, mtcars), '{path}')"
        subprocess.run(["Rscript", "--vanilla", "-e", fit], check=True)
        store = FileStore(Path(folder) / "artifacts")
        digest = store.put(path).digest
        by_hand, runs, times = rscript(path), [], []
        by_hand(), ours(store, digest)
        for _ in range(ROUNDS):
            started = time.perf_counter()
            by_hand()
            times.append(time.perf_counter() - started)
            runs.append(ours(store, digest))
    base = statistics.median(times)
    rows = [Row("cold start, lm", "Rscript", round(1e3 * base, 1), "ms", 1.0)]
    for part in runs[0]:
        median = statistics.median(run[part] for run in runs)
        system = "modelyard worker" if part == "total" else f"  {part}"
        rows.append(
            Row("cold start, lm", system, round(1e3 * median, 1), "ms", round(median / base, 3))
        )
    report("cold_start", rows)
