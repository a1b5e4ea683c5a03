"""Workers lent and kept warm, with a real R in each."""

from __future__ import annotations

import os
import threading
import time

import pyarrow as pa
import pytest
from tests.conftest import run_r

from modelyard.errors import MissingPackage, ModelError, ModelRejected, Overloaded
from modelyard.runtime.manifest import PredictSpec

LM = "lm(mpg ~ wt + hp + cyl, data = mtcars)"
PID = "function(model, input) rep(as.numeric(Sys.getpid()), nrow(input))"
INPUTS = {"wt": "double", "hp": "double", "cyl": "integer"}
ROWS = pa.table({"wt": [2.5, 3.0], "hp": [110.0, 150.0], "cyl": pa.array([4, 6], pa.int32())})


def test_a_worker_gives_the_numbers_of_r(workshop, pool):
    told = run_r(
        f"p <- predict({LM}, data.frame(wt = c(2.5, 3), hp = c(110, 150), cyl = c(4L, 6L)));"
        "cat(sprintf('%a', p))"
    )
    answer = pool.predict(workshop.manifest(LM, INPUTS), ROWS)
    assert answer.table["prediction"].to_pylist() == [float.fromhex(t) for t in told.split()]
    assert answer.table["prediction"].null_count == 0


def test_a_warm_worker_is_used_again(workshop, pool, x):
    manifest = workshop.manifest("1", {"x": "double"}, body=PID)
    pids = {pool.predict(manifest, x).table["prediction"][0].as_py() for _ in range(3)}
    assert len(pids) == 1


def test_a_version_that_is_forgotten_gets_a_new_worker(workshop, pool, x):
    manifest = workshop.manifest("1", {"x": "double"}, body=PID)
    before = pool.predict(manifest, x).table["prediction"][0].as_py()
    pool.forget(manifest)
    assert not os.path.exists(f"/proc/{before:.0f}")
    assert pool.predict(manifest, x).table["prediction"][0].as_py() != before
    pool.warm(manifest, 2)  # its place was given back


def test_two_versions_never_share_a_process(workshop, pool, x):
    one = workshop.manifest("1", {"x": "double"}, body=PID)
    two = workshop.manifest("2", {"x": "double"}, body=PID)
    assert (
        pool.predict(one, x).table["prediction"][0] != pool.predict(two, x).table["prediction"][0]
    )


def test_the_version_used_longest_ago_makes_room(workshop, x):
    pool = workshop.pool(max_workers=2)
    pid = {}
    for name in ("1", "2", "1", "3", "1"):
        manifest = workshop.manifest(name, {"x": "double"}, body=PID)
        found = int(pool.predict(manifest, x).table["prediction"][0].as_py())
        pid.setdefault(name, found)
        assert pid[name] == found
    assert not os.path.exists(f"/proc/{pid['2']}")
    pool.close()
    assert not any(os.path.exists(f"/proc/{p}") for p in pid.values())


def test_an_idle_worker_is_ended(workshop, x):
    pool = workshop.pool(max_workers=2, worker_idle_s=0.2)
    manifest = workshop.manifest("1", {"x": "double"}, body=PID)
    pid = int(pool.predict(manifest, x).table["prediction"][0].as_py())
    end = time.monotonic() + 10
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < end:
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{pid}")
    pool.close()


def test_when_every_worker_is_busy_a_request_is_told_so(workshop, x):
    pool = workshop.pool(max_workers=1)
    slow = workshop.manifest(
        "1", {"x": "double"}, body="function(model, input) { Sys.sleep(3); input$x }"
    )
    busy = threading.Thread(target=lambda: pool.predict(slow, x))
    pool.warm(slow, 1)
    busy.start()
    time.sleep(0.3)
    with pytest.raises(Overloaded, match="busy"):
        pool.predict(slow, x, deadline_s=0.2)
    busy.join()
    pool.close()


def test_warming_more_than_there_is_room_for_keeps_no_worker_from_others(workshop, x):
    pool = workshop.pool(max_workers=1, worker_start_s=5)
    manifest = workshop.manifest("1", {"x": "double"}, body=PID)
    with pytest.raises(Overloaded, match="busy"):
        pool.warm(manifest, 2)
    assert pool.predict(manifest, x).table.num_rows == 2
    pool.close()


def test_many_threads_get_their_own_answers(workshop, pool):
    manifest = workshop.manifest("1", {"x": "double"}, body="function(model, input) input$x * 2")
    wrong = []

    def ask(i: int) -> None:
        for j in range(20):
            x = float(i * 100 + j)
            answer = pool.predict(manifest, pa.table({"x": [x]})).table["prediction"].to_pylist()
            if answer != [2 * x]:
                wrong.append((x, answer))

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_bytes_that_changed_are_not_loaded(workshop, pool, x):
    manifest = workshop.manifest("list('unchanged')", {"x": "double"}, body=PID)
    path = workshop.root / manifest.model.digest[:2] / manifest.model.digest
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelRejected, match="changed after they were logged"):
        pool.predict(manifest, x)
    path.unlink()


def test_a_missing_package_is_named(workshop, pool, x):
    manifest = workshop.manifest(
        "1", {"x": "double"}, predict=PredictSpec(packages=("notapackage",))
    )
    with pytest.raises(MissingPackage, match="notapackage"):
        pool.predict(manifest, x)


def test_what_r_refuses_is_the_models_error_and_costs_no_process(workshop, pool):
    body = "function(model, input) if (input$x[1] < 0) stop('no {negative} x') else Sys.getpid()"
    manifest = workshop.manifest("1", {"x": "double"}, body=body)
    good = pa.table({"x": [1.0]})
    before = pool.predict(manifest, good).table["prediction"][0]
    with pytest.raises(ModelError, match=r"no \{negative\} x"):
        pool.predict(manifest, pa.table({"x": [-1.0]}))
    assert pool.predict(manifest, good).table["prediction"][0] == before


def test_a_request_leaves_nothing_for_the_next(workshop, pool, x):
    body = (
        "function(model, input) { seen <- c(exists('left', globalenv()), getOption('digits') != 7,"
        " Sys.getenv('TZ') != 'UTC'); assign('left', 1, globalenv()); options(digits = 3);"
        " Sys.setenv(TZ = 'Asia/Tokyo'); setwd('/tmp'); rep(sum(seen), nrow(input)) }"
    )
    manifest = workshop.manifest("1", {"x": "double"}, body=body)
    assert [pool.predict(manifest, x).table["prediction"][0].as_py() for _ in range(3)] == [0] * 3


def test_a_global_of_the_worker_is_never_taken_for_a_column(workshop, pool, x):
    body = (
        "function(model, input) c(exists('served'), exists('fault'), exists('predict_frame')) + 0"
    )
    manifest = workshop.manifest("1", {"x": "double"}, body=body)
    assert pool.predict(manifest, x).table["prediction"].to_pylist() == [0, 0, 0]


def test_a_random_model_is_seeded_from_its_request(workshop, pool, x):
    manifest = workshop.manifest(
        "1", {"x": "double"}, body="function(model, input) rnorm(nrow(input))", deterministic=False
    )

    def ask(request_id: str) -> list[float]:
        return pool.predict(manifest, x, request_id=request_id).table["prediction"].to_pylist()

    assert ask("a") == ask("a")
    assert ask("a") != ask("b")


def test_warnings_come_with_the_answer(workshop, pool, x):
    body = "function(model, input) { warning('rank deficient'); input$x }"
    answer = pool.predict(workshop.manifest("1", {"x": "double"}, body=body), x)
    assert answer.warnings == ("rank deficient",)
    assert answer.table["prediction"].to_pylist() == [1.0, 2.0]


def test_a_warning_that_is_no_utf8_comes_with_the_answer(workshop, pool, x):
    body = "function(model, input) { warning('bad\\xff'); input$x }"
    answer = pool.predict(workshop.manifest("1", {"x": "double"}, body=body), x)
    assert answer.warnings == ("bad\\xff",)
    assert answer.table["prediction"].to_pylist() == [1.0, 2.0]
