"""How well a worker is shut in is known, shown and insisted on; what it was lent comes back."""

from __future__ import annotations

import logging
import os
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from tests.conftest import run_r

from modelyard.compute import watch
from modelyard.compute.identity import LEASES, Uids, lease
from modelyard.compute.local import LocalCompute
from modelyard.errors import InvalidValue, ModelyardError, Unavailable, WorkerCrashed
from modelyard.runtime.manifest import File
from modelyard.runtime.sandbox.plan import LAYERS, Isolation, Level
from modelyard.settings import Settings
from modelyard.workers.lease import Worker
from modelyard.workers.pool import WorkerPool

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give user ids")
ROW = pa.table({"x": [1.0]})
MIB = 2**20
LM, LM2 = "lm(mpg ~ wt, mtcars)", "lm(mpg ~ hp, mtcars)"


def uid_of(worker: Worker) -> int:
    return os.stat(f"/proc/{worker._process.popen.pid}").st_uid


def test_a_worker_is_shut_in_fully_and_says_so(workshop, pool, x):
    with pool.lend(workshop.manifest(LM, {"x": "double"}), wait_s=60) as worker:
        assert worker.isolation.level is Level.FULL
        assert worker.isolation.missing == ()
    assert pool.isolation.level is Level.FULL


def test_the_level_is_known_before_there_is_a_model(pool):
    assert pool.try_sandbox().level is Level.FULL


@pytest.mark.parametrize(
    ("without", "level"),
    [
        ({"files"}, "partial"),
        ({"calls"}, "partial"),
        ({"limits"}, "partial"),
        ({"files", "calls"}, "none"),
    ],
)
def test_a_layer_that_is_missing_lowers_the_level_and_closes_the_door(workshop, without, level):
    compute = LocalCompute(layers=tuple(sorted(set(LAYERS) - without, key=LAYERS.index)))
    manifest = workshop.manifest("1", {"x": "double"}, body="function(model, input) input$x")
    strict = WorkerPool(compute, workshop.store, Settings())
    with pytest.raises(Unavailable) as e:
        strict.predict(manifest, ROW)
    assert f"it is {level}" in e.value.message
    assert all(f"{layer}: " in e.value.message for layer in without)
    assert f'min_isolation = "{level}"' in e.value.hint
    strict.close()
    willing = WorkerPool(compute, workshop.store, Settings(min_isolation=level))
    assert willing.predict(manifest, ROW).table["prediction"].to_pylist() == [1.0]
    willing.close()


def test_an_unknown_level_is_refused(workshop):
    with pytest.raises(InvalidValue, match="full, partial or none"):
        WorkerPool(LocalCompute(), workshop.store, Settings(min_isolation="high"))


ENTER = """
import sys
from modelyard.runtime import sandbox
from modelyard.runtime.sandbox import landlock, seccomp
{before}
found = sandbox.enter(sandbox.Plan(sys.argv[1], 2**36, 2**20), frozenset())
sys.stdout.write(found.level + "|" + "|".join(found.missing))
"""


def entered(folder: Path, before: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-P", "-c", ENTER.format(before=before), str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env={"OPENBLAS_NUM_THREADS": "1"},
    )
    return done.stdout.split("|")


@pytest.mark.parametrize(
    ("before", "level", "reason"),
    [
        ("", "full", ""),
        ("landlock.abi = lambda: 0", "partial", "files: this kernel offers no Landlock"),
        (
            "def no(*_): raise OSError(1, 'Operation not permitted')\nseccomp.restrict = no",
            "partial",
            "calls: [Errno 1] Operation not permitted",
        ),
        ("sandbox.this_machine = lambda: None", "partial", "calls: there is no list"),
        ("landlock.restrict = lambda *_: None", "partial", "files: / can be read"),
        ("seccomp.restrict = lambda *_: None", "partial", "calls: sockets can be opened"),
        (
            "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
            "partial",
            "a thread had started",
        ),
    ],
    ids=["all", "no_landlock", "no_seccomp", "other_machine", "files_lie", "calls_lie", "thread"],
)
def test_the_level_is_what_was_found_by_trying(tmp_path, before, level, reason):
    found, *missing = entered(tmp_path, before)
    assert found == level
    assert missing[0].startswith(reason) if reason else missing == [""]


def test_a_home_that_lies_in_a_readable_folder_is_noticed(tmp_path):
    process = LocalCompute(hidden=("/usr/share",)).spawn_worker(4 * 2**30)
    ready, _, _ = process.channel.receive()
    process.kill()
    assert ready.isolation.level is Level.PARTIAL
    assert ready.isolation.missing == ("files: /usr/share can be read",)


@AS_ROOT
def test_no_two_workers_share_a_user_id_in_any_process(workshop, pool):
    one = workshop.manifest(LM, {"x": "double"})
    two = workshop.manifest(LM2, {"x": "double"})
    code = (
        "import sys, os; from modelyard.compute.local import LocalCompute\n"
        "p = LocalCompute().spawn_worker(2**32); p.channel.receive()\n"
        "sys.stdout.write(str(os.stat(f'/proc/{p.popen.pid}').st_uid) + chr(10))\n"
        "sys.stdout.flush(); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    elsewhere = int(other.stdout.readline())
    with pool.lend(one, wait_s=60) as a, pool.lend(two, wait_s=60) as b:
        ids = [uid_of(a), uid_of(b), elsewhere, os.geteuid()]
    other.communicate("")
    assert len(set(ids)) == 4


@AS_ROOT
def test_a_user_id_is_given_again_when_its_worker_has_ended(tmp_path):
    only = Uids(64_990, 64_990)
    held = lease(only, tmp_path)
    assert "in use" in lease(only, tmp_path)
    held.release()
    again = lease(only, tmp_path)
    assert again.uid == 64_990
    again.release()


@AS_ROOT
def test_a_user_id_that_a_process_runs_as_is_passed_over(tmp_path):
    sleeper = subprocess.Popen(["sleep", "60"], user=64_991)
    found = lease(Uids(64_991, 64_992), tmp_path)
    sleeper.kill()
    sleeper.wait()
    assert found.uid == 64_992
    found.release()


@AS_ROOT
def test_leases_are_for_root_alone():
    LocalCompute().spawn_worker(4 * 2**30).kill()
    assert LEASES.stat().st_mode & 0o777 == 0o700


@AS_ROOT
def test_without_a_user_id_of_its_own_it_says_why_and_has_no_privilege():
    process = LocalCompute(uids="").spawn_worker(4 * 2**30)
    ready, _, _ = process.channel.receive()
    status = Path(f"/proc/{process.popen.pid}/status").read_text()
    process.kill()
    assert ready.isolation.level is Level.FULL
    assert ready.isolation.notes == ("it shares our user id: worker_uids is empty",)
    for kind in ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb"):
        assert f"{kind}:\t0000000000000000" in status


@pytest.mark.parametrize("text", ["65000", "0-5", "900-2000", "5-1", "a-b", "-1-5"])
def test_a_range_of_user_ids_is_checked(text):
    with pytest.raises(InvalidValue, match="worker_uids"):
        Uids.parse(text)


def test_a_worker_holds_nothing_but_its_socket_its_lifeline_and_what_it_says():
    process = LocalCompute().spawn_worker(4 * 2**30)
    process.channel.receive()
    folder = f"/proc/{process.popen.pid}/fd"
    held = sorted(os.readlink(f"{folder}/{fd}").split(":")[0] for fd in os.listdir(folder))
    process.kill()
    assert held == ["/dev/null", "/dev/null", "pipe", "pipe", "socket"]


def test_nothing_of_our_environment_is_in_a_worker(workshop, pool, monkeypatch):
    monkeypatch.setenv("MODELYARD_TOKEN", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    body = "function(model, input) as.numeric(sum(grepl('secret|TOKEN|AWS', Sys.getenv())))"
    answer = pool.predict(workshop.manifest("7", {"x": "double"}, body=body), ROW)
    assert answer.table["prediction"].to_pylist() == [0.0]


def written(workshop, code: str, **settings: object) -> Callable[[], object]:
    pool = workshop.pool(max_workers=1, predict_deadline_s=30.0, **settings)
    body = f"function(model, input) {{ setwd(tempdir()); {code}; input$x }}"
    manifest = workshop.manifest("1", {"x": "double"}, body=body)

    def run() -> object:
        try:
            return pool.predict(manifest, ROW).table["prediction"].to_pylist()
        finally:
            pool.close()

    return run


def test_its_own_temporary_files_work(workshop):
    code = (
        "saveRDS(1:10, 'a.rds'); dir.create('d'); file.rename('a.rds', 'd/b.rds');"
        "stopifnot(identical(readRDS('d/b.rds'), 1:10), file.copy('d/b.rds', 'c.rds'));"
        "unlink('d', recursive = TRUE); stopifnot(identical(list.files(), 'c.rds'))"
    )
    assert written(workshop, code)() == [1.0]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("writeBin(raw(1e8), 'big')", "larger than worker_disk_bytes"),
        ("for (i in 1:50) writeBin(raw(5e6), paste0('f', i)); Sys.sleep(5)", "files grew beyond"),
        (
            "for (i in 1:50) { f <- file(n <- paste0('f', i), 'wb'); writeBin(raw(5e6), f);"
            " flush(f); unlink(n) }; Sys.sleep(5)",
            "files grew beyond",
        ),
    ],
    ids=["one_file", "many_files", "deleted_files"],
)
def test_a_model_that_fills_the_disk_is_ended_with_the_reason(workshop, code, says):
    with pytest.raises(WorkerCrashed, match=says):
        written(workshop, code)()


def test_a_folder_goes_with_its_worker_whatever_it_holds(workshop, pool):
    deep = "for (i in 1:1500) { dir.create('d'); setwd('d') }; input$x"
    body = f"function(model, input) {{ setwd(tempdir()); {deep} }}"
    with pool.fresh(workshop.manifest("1", {"x": "double"}, body=body)) as worker:
        worker.predict(ROW, deadline_s=30, request_id="r")
        folder = worker._process.folder
        assert (folder / os.listdir(folder)[0] / "d/d/d").is_dir()
    assert not folder.exists()


def test_what_it_says_is_logged_in_lines_of_ours_and_no_more_than_so_much(
    workshop, caplog, monkeypatch
):
    monkeypatch.setattr(watch, "LOGGED_BYTES", 2000)
    caplog.set_level(logging.INFO, "modelyard.workers")
    forged = "\\r2026-01-01 00:00:00Z INFO request accepted\\033[2J"
    code = f"message('one{forged}'); for (i in 1:300) message(strrep('x', 90))"
    assert written(workshop, code)() == [1.0]
    said = [r.getMessage() for r in caplog.records if r.name == "modelyard.workers"]
    line = re.compile(r"says: request \w+: one 2026-01-01 00:00:00Z INFO request accepted \[2J")
    assert any(line.search(s) for s in said)
    assert sum(len(s) for s in said) < 4000
    assert any("bytes more" in s for s in said)


def test_a_worker_that_has_grown_is_not_used_again(workshop):
    pool = workshop.pool(max_workers=1, worker_growth_bytes=200 * MIB)
    body = (
        "function(model, input) { if (input$x == 13) { options(k = NULL);"
        " assign('kept', runif(5e7), envir = environment(stats::sd)$.__S3MethodsTable__.);"
        f" Sys.sleep({4 * watch.TICK_S}) }}; as.numeric(Sys.getpid()) }}"
    )
    manifest = workshop.manifest("1", {"x": "double"}, body=body, row_independent=False)
    pids = [
        pool.predict(manifest, pa.table({"x": [x]})).table["prediction"][0].as_py()
        for x in (1.0, 2.0, 13.0, 3.0)
    ]
    pool.close()
    assert pids[0] == pids[1] == pids[2] != pids[3]


def at_load(code: str) -> bytes:
    """A model that runs ``code`` when it is looked at: a promise nobody has forced."""
    quoted = f"cat(as.character(serialize(quote({code}), NULL, version = 2)[-(1:14)]), sep = '')"
    expression = bytes.fromhex(run_r(quoted))
    promise = struct.pack(">III", 0x405, 0xFD, 0xFC)
    return b"X\n" + struct.pack(">III", 2, 0x40202, 0x20300) + promise + expression


@pytest.mark.parametrize("is_shut_in", [True, False])
def test_code_that_runs_while_a_model_is_loaded_is_shut_in_too(workshop, tmp_path, is_shut_in):
    if not is_shut_in and os.geteuid() != 0:
        pytest.skip("what succeeds without a sandbox is known for root")
    reached = tmp_path / "reached"
    (tmp_path / "m.rds").write_bytes(at_load(f"file.create('{reached}')"))
    stored = workshop.store.put(tmp_path / "m.rds")
    manifest = replace(
        workshop.manifest(LM, {"x": "double"}),
        files=(File("model", stored.digest, stored.size_bytes),),
    )
    how = {} if is_shut_in else {"layers": (), "uids": ""}
    minimum = "full" if is_shut_in else "none"
    pool = WorkerPool(LocalCompute(**how), workshop.store, Settings(min_isolation=minimum))
    with pytest.raises(ModelyardError):
        pool.predict(manifest, ROW)
    pool.close()
    assert reached.exists() != is_shut_in


def test_a_worker_cannot_be_left_behind_with_its_folder():
    process = LocalCompute().spawn_worker(4 * 2**30)
    process.channel.receive()
    assert process.kill() == "killed by SIGKILL"
    assert not process.folder.exists()
    assert process.kill() == "killed by SIGKILL"


def test_levels_are_ordered():
    assert Level.FULL.at_least(Level.FULL) and Level.PARTIAL.at_least(Level.NONE)
    assert not Level.NONE.at_least(Level.PARTIAL)
    assert Isolation(Level.NONE).missing == ()
