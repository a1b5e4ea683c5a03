"""How soon a service and a worker give their first right answer, for bench/serving.py."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from bench import cold_start
from bench.bridge import ROOT, environment_of
from bench.harness import Row
from bench.serving_client import CannotAnswer, Line, numbers
from bench.serving_systems import System, Yard

from modelyard.artifacts.files import FileStore
from modelyard.compute.local import find_r, worker_environment
from modelyard.services.folder import Folder, folders
from modelyard.services.process import spawn
from modelyard.settings import Settings

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3")) * 3
PATIENCE_S = 30.0
ROW = pa.table({name: [0.5] for name in "abcd"})
REFERENCE = """
import sys, pandas as pd
from pathlib import Path
from bench.bridge_reference import Systems
path = Path(sys.argv[1])
systems = Systems(path.parent, path.stem)
found = systems.predict(pd.DataFrame({name: [0.5] for name in "abcd"}))
print(len(found))
"""


def services(yard: Yard, body: bytes, want: list[float]) -> list[Row]:
    """From the start of a host's process to its first right answer; its server has ended."""
    settings = replace(Settings(), home=yard.home)
    service = next(
        found for _, found in folders(yard.home) if found.read_spec().name.name == "lm_joined"
    )
    took = [_until_right(service, settings, yard.token, body, want) for _ in range(ROUNDS)]
    value = round(statistics.median(took), 3)
    return [Row("service ready, lm: spawn to first right answer", "modelyard", value, "s", 1.0)]


def _until_right(
    service: Folder, settings: Settings, token: str, body: bytes, want: list[float]
) -> float:
    begun = time.perf_counter()
    process = spawn(service, settings)
    try:
        while time.perf_counter() - begun < PATIENCE_S:
            said = service.read_host()
            if said is not None and said.pid == process.pid and said.url is not None:
                system = System("modelyard", said.port, "/predict", token=token)
                with suppress(OSError, CannotAnswer), closing(Line(system)) as line:
                    found = line.ask(body)[1]
                    took = time.perf_counter() - begun
                    if numbers(found) == want:
                        return took
            time.sleep(0.002)
        raise SystemExit("a service did not become ready")
    finally:
        process.terminate()
        process.wait()


def workers(folder: Path) -> list[Row]:
    """Starts of a worker, in turn with the reference's."""
    store = FileStore(folder / "artifacts")
    digest = store.put(folder / "lm.rds").digest
    reference, ours = [], []
    for turn in range(ROUNDS + 1):
        took, total = _reference(folder / "lm.rds"), cold_start.ours(store, digest, ROW)["total"]
        if turn:  # the first warms up
            reference.append(took)
            ours.append(total)
    case, base = "cold start of a worker, lm", statistics.median(reference)
    return [
        Row(case, name, round(1e3 * statistics.median(took), 1), "ms", _ratio(took, base))
        for name, took in (("rpy2 wrapper", reference), ("modelyard", ours))
    ]


def _ratio(took: list[float], base: float) -> float:
    return round(statistics.median(took) / base, 3)


def _reference(model: Path) -> float:
    environment = worker_environment(find_r()) | {"PYTHONPATH": str(ROOT)}
    command = [environment_of("reference"), "-c", REFERENCE, model]
    begun = time.perf_counter()
    subprocess.run([str(c) for c in command], env=environment, check=True, capture_output=True)
    return time.perf_counter() - begun
