"""A worker runs on the processors it was given, with as many threads, and cannot take others."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest

from modelyard.compute.local import LocalCompute

ROWS = pa.table({"x": [1.0]})
THREADS = """function(model, input) {
  asked <- c("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "R_RANGER_NUM_THREADS")
  sum(c(100, 10, 1) * as.numeric(Sys.getenv(asked, "0")))
}"""


def processors(pid: int) -> set[str]:
    """Where each thread of a process may run."""
    found = set()
    for thread in Path(f"/proc/{pid}/task").iterdir():
        lines = (thread / "status").read_text().splitlines()
        found |= {line.split()[1] for line in lines if line.startswith("Cpus_allowed_list")}
    return found


def test_workers_run_on_one_processor_after_the_other():
    ours = sorted(os.sched_getaffinity(0))
    seen = []
    for _ in range(len(ours)):
        process = LocalCompute().spawn_worker(4 * 2**30, cpus=1)
        ready, _, _ = process.channel.receive()
        seen += processors(process.popen.pid)
        process.kill()
        assert ready.isolation.missing == ()
    assert sorted(map(int, seen)) == ours


def test_more_than_there_are_means_all_and_none_means_any():
    ours = os.sched_getaffinity(0)
    for cpus in (10**6, 0):
        process = LocalCompute().spawn_worker(4 * 2**30, cpus=cpus)
        process.channel.receive()
        found = os.sched_getaffinity(process.popen.pid)
        process.kill()
        assert found == ours


@pytest.mark.parametrize(("cpus", "told"), [(0, 110.0), (1, 111.0)])
def test_a_model_starts_as_many_threads_and_those_of_blas_stay_one(workshop, cpus, told):
    pool = workshop.pool(max_workers=1, worker_cpus=cpus)
    manifest = workshop.manifest("1", {"x": "double"}, body=THREADS)
    assert pool.predict(manifest, ROWS).table["prediction"].to_pylist() == [told]
    pool.close()


def test_new_limits_are_for_workers_that_are_started_from_then_on(workshop):
    pool = workshop.pool(max_workers=2)
    manifest = workshop.manifest("1", {"x": "double"}, body=THREADS)
    assert pool.predict(manifest, ROWS).table["prediction"].to_pylist() == [110.0]
    pool.limit(4 * 2**30, 1)
    assert pool.predict(manifest, ROWS).table["prediction"].to_pylist() == [111.0]
    pool.close()
