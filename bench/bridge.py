"""The bridge between Arrow and R: beside R alone, and beside the usual wrapper of rpy2 and pandas.

Every round times all systems in turn on the same rows, which no other round has; the order turns
from round to round, and small calls are timed many together. Ratios are medians of the ratios
within a round. In the path that is measured: rows as an Arrow table to predictions as one; of it
the worker's part is told too, from the bytes that came to those that leave. For R alone: data
frames that are in R already, one crossing for all calls, a plain vector at the end.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections import defaultdict
from pathlib import Path
from typing import IO, Any

from bench.bridge_tables import table
from bench.bridge_talk import fingerprint
from bench.harness import Row, report

from modelyard.artifacts.files import FileStore
from modelyard.compute.local import LocalCompute, find_r, worker_environment
from modelyard.runtime import messages as m
from modelyard.workers.lease import Worker as Lease

ROOT = Path(__file__).parents[1]
ROWS = {1: 200, 100: 200, 10_000: 20, 122_880: 10, 1_000_000: 1}
"""Rows of a call, and calls timed together."""
ROUNDS = 7
SOCKET = "through its socket"
SYSTEMS = {
    "floor": "R predict() in a loop",
    "bridge": "bridge, without a socket",
    "inside": "of it the worker's, bytes to bytes",
    "restored": "and R's session put back",
    SOCKET: SOCKET,
    "reference": "rpy2, pandas2ri and code text",
}


class Talker:
    """A process that holds one model and answers how long its systems take."""

    def __init__(self, python: Path, module: str, folder: Path, model: str) -> None:
        # The same environment for both: what tunes R's memory is ours, and helps either.
        environment = worker_environment(find_r()) | {"PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [python, "-m", module, str(folder), model],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, system: str, rows: int, calls: int, seed: int) -> tuple[float, str]:
        """Seconds a call, and a digest of the last predictions."""
        asked = {"system": system, "rows": rows, "calls": calls, "seed": seed}
        stdin, stdout = self._pipes()
        stdin.write(json.dumps(asked) + "\n")
        stdin.flush()
        told = json.loads(stdout.readline())
        return told["seconds"], told["bits"]

    def close(self) -> None:
        self._pipes()[0].close()
        self._process.wait()

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


class Worker:
    """A worker as the server has it, asked over its socket."""

    def __init__(self, folder: Path, model: str) -> None:
        store = FileStore(folder / "artifacts")
        digest = store.put(folder / f"{model}.rds").digest
        process = LocalCompute().spawn_worker(4 * 2**30)
        process.channel.receive()
        with store.open(digest) as file:
            message = m.Load(digest, None, "predict", [], {}, [])
            process.channel.send(message, files=[file.fileno()])
            process.channel.receive()
        self._worker, self._model = Lease(process), model

    def ask(self, rows: int, calls: int, seed: int) -> tuple[float, str]:
        """Seconds a call, and a digest of the last predictions."""
        inputs = [table(self._model, rows, seed + i) for i in range(calls)]
        started = time.perf_counter()
        for one in inputs:
            answer = self._worker.predict(one, deadline_s=600, request_id="bench", split=True).table
        seconds = (time.perf_counter() - started) / calls
        return seconds, fingerprint(answer.column(0).to_numpy())

    def close(self) -> None:
        self._worker.end()


def environment_of(name: str) -> Path:
    """The Python of an environment of its own, made of its pins when it is not there."""
    folder, pins = ROOT / f".bench-{name}", ROOT / f"requirements-bench-{name}.txt"
    python, stamp = folder / "bin" / "python", folder / "made"
    if not stamp.exists() or stamp.read_text() != pins.read_text():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(pins)],
            env=os.environ | {"RPY2_CFFI_MODE": "API"},
            check=True,
        )
        stamp.write_text(pins.read_text())
    return python


def measure(folder: Path, model: str) -> list[Row]:
    """All sizes of one model."""
    inside = Talker(Path(sys.executable), "bench.bridge_worker", folder, model)
    outside = Talker(environment_of("reference"), "bench.bridge_reference", folder, model)
    worker = Worker(folder, model)
    rows: list[Row] = []

    def ask(system: str, n: int, calls: int, seed: int) -> tuple[float, str]:
        if system == SOCKET:
            return worker.ask(n, calls, seed)
        return (outside if system == "reference" else inside).ask(system, n, calls, seed)

    try:
        for n, calls in ROWS.items():
            times: dict[str, list[float]] = defaultdict(list)
            for turn in range(ROUNDS + 1):
                seed, bits = 1_000_000 * turn + n, {}
                names = list(SYSTEMS)
                for system in names[turn % len(names) :] + names[: turn % len(names)]:
                    # The reference is slow: fewer calls of it say as much.
                    most = max(1, calls // 10) if system == "reference" else calls
                    seconds, bits[system] = ask(system, n, most, seed + calls - most)
                    if turn:  # the first turn warms up
                        times[system].append(seconds)
                if len(set(bits.values())) != 1:
                    raise SystemExit(f"the predictions of {n} rows differ: {bits}")
            rows += _rows(f"{model}, {n:,} row{'s' * (n > 1)}", times)
    finally:
        for one in (inside, outside, worker):
            one.close()
    return rows


def _rows(case: str, times: dict[str, list[float]]) -> list[Row]:
    def ratio(system: str, to: str) -> float:
        pairs = zip(times[system], times[to], strict=True)
        return round(statistics.median(a / b for a, b in pairs), 3)

    found = [
        Row(case, name, round(1e3 * statistics.median(times[key]), 4), "ms", ratio(key, "floor"))
        for key, name in SYSTEMS.items()
    ]
    beside = {"the bridge": "bridge", "the worker's part": "inside"}
    gains = {what: ratio("reference", system) for what, system in beside.items()}
    return [*found, *(Row(case, f"the last beside {w}", g, "times", g) for w, g in gains.items())]


def main() -> None:
    """Run and report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models = Path(__file__).with_name("bridge_models.R")
        subprocess.run(["Rscript", "--vanilla", str(models), name], check=True)
        rows: list[Any] = [row for model in ("numbers", "mixed") for row in measure(folder, model)]
    report("bridge", rows)
