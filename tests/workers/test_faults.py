"""A model that crashes, hangs, eats memory or quits costs its own request and nobody else's."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pyarrow as pa
import pytest

from modelyard.errors import MemoryLimit, ModelError, ModelRejected, ModelTimeout, WorkerCrashed
from modelyard.runtime.manifest import File

BAD_AT_13 = "function(model, input) {{ if (any(input$x == 13)) {{ {} }}; input$x }}"
GOOD, BAD = pa.table({"x": [1.0, 2.0]}), pa.table({"x": [13.0]})
GIB = 2**30

CRASHES = {
    "segfault": "tools::pskill(Sys.getpid(), 11L); Sys.sleep(5)",
    "abort": "tools::pskill(Sys.getpid(), 6L); Sys.sleep(5)",
    "quit": "quit(save = 'no')",
    "quit_status": "q('no', status = 7)",
}
HANGS = {
    "loop": "repeat {}",
    "sleep": "Sys.sleep(60)",
    "no_interrupts": "suspendInterrupts(repeat {})",
    "caught": "repeat tryCatch(repeat {}, interrupt = function(e) NULL, error = function(e) NULL)",
    "c_code": "m <- matrix(runif(2500^2), 2500); for (i in 1:60) m <- solve(m)",
}


@pytest.mark.parametrize("fault", CRASHES)
def test_a_crash_costs_its_own_request_a_clear_error(workshop, pool, fault):
    manifest = workshop.manifest("1", {"x": "double"}, body=BAD_AT_13.format(CRASHES[fault]))
    with pytest.raises(WorkerCrashed, match="R process ended") as e:
        pool.predict(manifest, BAD)
    assert ("SIGSEGV" in e.value.message) == (fault == "segfault")
    assert ("quit()" in e.value.message) == fault.startswith("quit")
    assert pool.predict(manifest, GOOD).table["prediction"].to_pylist() == [1.0, 2.0]


@pytest.mark.parametrize("fault", HANGS)
def test_a_hang_ends_at_its_deadline(workshop, pool, fault):
    manifest = workshop.manifest("1", {"x": "double"}, body=BAD_AT_13.format(HANGS[fault]))
    pool.predict(manifest, GOOD)
    with pytest.raises(ModelTimeout, match=r"within 0\.5 s"):
        pool.predict(manifest, BAD, deadline_s=0.5)
    assert pool.predict(manifest, GOOD).table["prediction"].to_pylist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "fault",
    [
        "numeric(1e10)",
        "x <- list(); repeat x[[length(x) + 1]] <- numeric(1e7)",
        "x <- as.list(1:1e5); repeat x <- c(x, x)",
    ],
)
def test_memory_without_end_is_refused(workshop, fault):
    pool = workshop.pool(max_workers=1, worker_memory_bytes=GIB, predict_deadline_s=60.0)
    manifest = workshop.manifest("1", {"x": "double"}, body=BAD_AT_13.format(fault))
    with pytest.raises(MemoryLimit):
        pool.predict(manifest, BAD)
    assert pool.predict(manifest, GOOD).table["prediction"].to_pylist() == [1.0, 2.0]
    pool.close()


def test_endless_recursion_is_an_error_of_r(workshop, pool):
    body = BAD_AT_13.format("f <- function(n) f(n + 1); f(1)")
    with pytest.raises(ModelError, match="infinite recursion|C stack|too deeply"):
        pool.predict(workshop.manifest("1", {"x": "double"}, body=body), BAD)


def test_a_deeply_nested_model_is_no_ones_crash_but_its_own(workshop, pool, tmp_path):
    one_list = struct.pack(">II", 19, 1)
    file = tmp_path / "deep.rds"
    file.write_bytes(
        b"X\n" + struct.pack(">III", 2, 0x40202, 0x20300) + one_list * 10**6 + b"\0\0\0\xfe"
    )
    stored = workshop.store.put(file)
    good = workshop.manifest("1", {"x": "double"}, body="function(model, input) input$x")
    deep = replace(good, files=(File("model", stored.digest, stored.size_bytes), *good.files[1:]))
    with pytest.raises((WorkerCrashed, ModelRejected)):
        pool.predict(deep, GOOD)
    assert pool.predict(good, GOOD).table["prediction"].to_pylist() == [1.0, 2.0]


def test_others_are_served_while_one_crashes(workshop):
    pool = workshop.pool(max_workers=3)
    bad = workshop.manifest("1", {"x": "double"}, body=BAD_AT_13.format(CRASHES["segfault"]))
    good = workshop.manifest("2", {"x": "double"}, body="function(model, input) input$x + 1")
    pool.warm(good, 1)
    wrong, done = [], threading.Event()

    def ask() -> None:
        while not done.is_set():
            if pool.predict(good, GOOD).table["prediction"].to_pylist() != [2.0, 3.0]:
                wrong.append(1)

    asker = threading.Thread(target=ask)
    asker.start()
    for _ in range(5):
        with pytest.raises(WorkerCrashed):
            pool.predict(bad, BAD)
    done.set()
    asker.join()
    assert not wrong
    pool.close()


def test_workers_end_when_their_parent_is_killed(workshop, tmp_path):
    hang = workshop.manifest("1", {"x": "double"}, body=BAD_AT_13.format(HANGS["c_code"]))
    code = f"""
import sys, threading, pyarrow as pa
from pathlib import Path
from modelyard.artifacts.files import FileStore
from modelyard.compute.local import LocalCompute
from modelyard.runtime.manifest import Manifest
from modelyard.settings import Settings
from modelyard.workers.pool import WorkerPool
pool = WorkerPool(LocalCompute(), FileStore(Path({str(workshop.root)!r})), Settings())
manifest = Manifest.from_dict({hang.to_dict()!r})
with pool.lend(manifest, wait_s=60) as worker:
    sys.stdout.write(str(worker._process.popen.pid) + chr(10)); sys.stdout.flush()
    worker.predict(pa.table({{"x": [13.0]}}), deadline_s=600, request_id="r")
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    time.sleep(0.5)  # it is inside C code by now
    assert os.path.exists(f"/proc/{pid}")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    end = time.monotonic() + 5
    while _running(pid) and time.monotonic() < end:
        time.sleep(0.02)
    assert not _running(pid)


def _running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
