"""What is asked and answered is kept as rows, and nobody waits for it."""

from __future__ import annotations

import errno
import math
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modelyard.names import Namespace, Qualified
from modelyard.services import inference_log
from modelyard.services.inference_log import Capture, InferenceLog, place_of
from modelyard.services.options import Options
from modelyard.services.ring import Ring

SPACE = Namespace("ML_DB", "Models")
MPG, SVC = Qualified(SPACE, "MPG"), Qualified(SPACE, "svc")
AT = 1_800_000_000.25


def capture(home: Path, version: str = "V1", **options: Any) -> Capture:
    of: Any = SimpleNamespace(model=MPG, name=version)
    return Capture.of(home, of, SVC, Options(autocapture=True, **options), pa.concat_tables)


def inference(
    where: Capture, request: str, wt: list[float | None], answers: list[float | None]
) -> tuple[Any, ...]:
    kinds = pa.array(["a"] * len(wt)).dictionary_encode()
    rows = pa.table({"wt": pa.array(wt, pa.float64()), "kind": kinds})
    answer = pa.table({"prediction": pa.array(answers, pa.float64())})
    return (where, AT, request, 0.0015, rows, len(wt), answer)


def kept(home: Path) -> list[dict[str, Any]]:
    files = sorted(place_of(home, MPG).rglob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def test_each_row_is_kept_with_what_it_was_part_of(tmp_path: Path) -> None:
    log, v1, v2 = InferenceLog(), capture(tmp_path), capture(tmp_path, "V2")
    log.take(
        [
            inference(v1, "a", [1.5, None], [3.0, None]),
            inference(v1, "b", [math.nan], [4.0]),
            inference(v2, "c", [9.0], [5.0]),
        ]
    )
    log.flush(last=False)
    assert kept(tmp_path) == []
    log.flush(last=True)
    one, two, three, other = kept(tmp_path)
    assert one == {
        "timestamp": datetime.fromtimestamp(AT, UTC),
        "request_id": "a",
        "row": 0,
        "version": "V1",
        "service": "ML_DB.Models.svc",
        "latency_ms": 1.5,
        "request.data.wt": 1.5,
        "request.data.kind": "a",
        "response.data.prediction": 3.0,
    }
    assert (two["row"], two["request.data.wt"], two["response.data.prediction"]) == (1, None, None)
    assert three["request_id"] == "b" and math.isnan(three["request.data.wt"])
    assert (other["version"], other["request_id"]) == ("V2", "c")
    assert sorted(f.parent.parent.name for f in tmp_path.rglob("*.parquet")) == ["v1", "v2"]
    assert not list(tmp_path.rglob(".*.parquet"))


def test_an_answer_with_other_rows_than_were_asked_is_kept_whole(tmp_path: Path) -> None:
    log, v1 = InferenceLog(), capture(tmp_path)
    log.take([inference(v1, "a", [1.0], [3.0, 4.0]), inference(v1, "b", [1.0, 2.0], [5.0])])
    log.flush(last=True)
    pairs = [(r["request.data.wt"], r["response.data.prediction"]) for r in kept(tmp_path)]
    assert pairs == [(1.0, 3.0), (None, 4.0), (1.0, 5.0), (2.0, None)]
    assert [r["row"] for r in kept(tmp_path)] == [0, 1, 0, 1]


def test_columns_are_left_out_and_requests_sampled_as_the_deploy_said(tmp_path: Path) -> None:
    log, v1 = InferenceLog(), capture(tmp_path, autocapture_drop=("WT",), autocapture_sample=0.25)
    log.take([inference(v1, "a", [1.0], [3.0])])
    log.flush(last=True)
    assert not any(name.endswith("wt") for name in kept(tmp_path)[0])
    wanted = [v1.wants(f"request-{i}") for i in range(4000)]
    assert wanted == [v1.wants(f"request-{i}") for i in range(4000)]
    assert 900 < sum(wanted) < 1100
    assert all(capture(tmp_path).wants(f"request-{i}") for i in range(4000))


def test_a_file_is_written_when_it_is_full_or_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, v1 = InferenceLog(), capture(tmp_path)
    monkeypatch.setattr(inference_log, "FILE_ROWS", 3)
    log.take([inference(v1, "a", [1.0, 2.0], [3.0, 4.0])])
    log.flush(last=False)
    assert len(kept(tmp_path)) == 0
    log.take([inference(v1, "b", [1.0], [3.0])])
    log.flush(last=False)
    assert len(kept(tmp_path)) == 3
    log.take([inference(v1, "c", [1.0], [3.0])])
    log.flush(last=False)
    assert len(kept(tmp_path)) == 3
    monkeypatch.setattr(inference_log, "FILE_S", 0.0)
    log.flush(last=False)
    assert len(kept(tmp_path)) == 4


def test_a_full_disk_costs_what_it_has_no_room_for_and_leaves_no_part_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(table: Any, out: Any, **_: Any) -> None:
        out.write(b"PAR1")
        raise OSError(errno.ENOSPC, "No space left on device")

    log, v1 = InferenceLog(), capture(tmp_path)
    ring = Ring("t", log, 10_000, 0.01)
    ring.start()
    with monkeypatch.context() as patched:
        patched.setattr(pq, "write_table", full)
        patched.setattr(inference_log, "FILE_S", 0.0)
        ring.put(inference(v1, "a", [1.0], [3.0]))
        ring.put(inference(v1, "b", [1.0], [3.0]))
        patience = time.monotonic() + 20
        while ring.dropped < 2:
            assert time.monotonic() < patience
            time.sleep(0.01)
        assert [f for f in tmp_path.rglob("*") if f.is_file()] == []
    ring.put(inference(v1, "c", [1.0], [3.0]))
    ring.close()
    assert [r["request_id"] for r in kept(tmp_path)] == ["c"]
    assert ring.dropped == 2
