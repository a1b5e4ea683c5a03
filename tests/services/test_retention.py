"""Inferences go when they are too old or too many, and others stay."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.services.test_inference_log import MPG, capture, inference

from modelyard.services import retention
from modelyard.services.inference_log import InferenceLog, place_of
from modelyard.services.retention import Retention, sweep
from modelyard.settings import Settings

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)


def put(home: Path, name: str, days: float, size: int = 100, version: str = "v1/svc") -> Path:
    """A file that was written so many days ago."""
    folder = home / "inferences/db/schema" / name / version
    folder.mkdir(parents=True, exist_ok=True)
    file = (
        folder / f"{NOW - timedelta(days=days):%Y%m%dT%H%M%S}-{len(list(folder.iterdir()))}.parquet"
    )
    file.write_bytes(b"x" * size)
    return file


def left(*files: Path) -> list[bool]:
    return [file.exists() for file in files]


def test_what_is_too_old_goes(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, inference_log_days=2.0)
    files = [put(tmp_path, "m", days) for days in (0.1, 1.99, 2.01, 300)]
    assert sweep(settings, NOW) == 2
    assert left(*files) == [True, True, False, False]
    assert sweep(replace(settings, inference_log_days=1e300), NOW) == 0


@pytest.mark.parametrize("forever", [0.0, -1.0, float("nan")])
def test_it_may_be_kept_for_ever(tmp_path: Path, forever: float) -> None:
    settings = Settings(home=tmp_path, inference_log_days=forever, inference_log_bytes=-1)
    put(tmp_path, "m", 3000)
    assert sweep(settings, NOW) == 0
    assert sweep(replace(settings, inference_log_bytes=0), NOW) == 0


def test_the_oldest_of_a_model_go_whatever_their_version_and_only_of_that_model(
    tmp_path: Path,
) -> None:
    settings = Settings(home=tmp_path, inference_log_bytes=250)
    many = [
        put(tmp_path, "many", days, version=version)
        for days, version in ((3, "v2/svc"), (1, "v1/svc"), (2, "v1/other"), (4, "v2/svc"))
    ]
    few = [put(tmp_path, "few", days) for days in (5, 6)]
    assert sweep(settings, NOW) == 2
    assert left(*many) == [False, True, True, False]
    assert left(*few) == [True, True]


def test_a_file_that_is_being_written_stays_until_its_writer_must_be_dead(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, inference_log_bytes=1)
    fresh, lost = put(tmp_path, "m", 0.5), put(tmp_path, "m", 1.5)
    files = [file.rename(file.with_name(f".{file.name}")) for file in (fresh, lost)]
    assert sweep(settings, NOW) == 1
    assert left(*files) == [True, False]


def test_files_as_they_are_really_named_are_known_by_their_time(tmp_path: Path) -> None:
    log = InferenceLog()
    log.take([inference(capture(tmp_path), "a", [1.5], [3.0])])
    log.flush(last=True)
    settings = Settings(home=tmp_path, inference_log_days=1.0)
    (file,) = place_of(tmp_path, MPG).rglob("*.parquet")
    assert sweep(settings, datetime.now(UTC)) == 0
    assert pq.read_table(file).num_rows == 1
    assert sweep(settings, datetime.now(UTC) + timedelta(days=1, minutes=1)) == 1
    assert not file.exists()


def test_a_sweep_that_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swept, tries = threading.Event(), []

    def fails_first(settings: Settings, now: datetime) -> int:
        tries.append(now)
        if len(tries) == 1:
            raise OSError(5, "Input/output error")
        swept.set()
        return 0

    monkeypatch.setattr(retention, "EVERY_S", 0.01)
    monkeypatch.setattr(retention, "sweep", fails_first)
    thread = Retention(Settings(home=tmp_path), lambda: NOW)
    thread.start()
    assert swept.wait(20)
    thread.stop()
