from __future__ import annotations

import stat
from pathlib import Path

import pytest

from modelyard.services.logs import tail, tail_of
from modelyard.services.request_log import Refused, RequestLog, Scored, request_log

AT = 1_800_000_000.7


def scored(request: str = "a", lead: str | None = None, *warnings: str) -> Scored:
    return (AT, request, "V2", 3, 0.00125, lead or request, warnings)


def test_a_request_has_its_line_and_says_with_whom_it_was_asked(tmp_path: Path) -> None:
    ring = request_log(tmp_path / "requests.log")
    ring.start()
    ring.put(scored("a"))
    ring.put(scored("b", "a"))
    ring.close()
    assert tail(tmp_path / "requests.log", 10) == [
        "2027-01-15T08:00:00Z INFO request a: V2 scored 3 rows in 1.25 ms",
        "2027-01-15T08:00:00Z INFO request b: V2 scored 3 rows in 1.25 ms, joined to a",
    ]
    assert stat.S_IMODE((tmp_path / "requests.log").stat().st_mode) == 0o600


def test_what_r_warned_of_is_said_under_the_request_s_id_as_one_line(tmp_path: Path) -> None:
    log = RequestLog(tmp_path / "requests.log")
    log.take([scored("a", None, "In log(x) :\n  NaNs\nproduced", *["more"] * 30)])
    log.flush(last=True)
    lines = tail(tmp_path / "requests.log", 100)
    assert lines[1].endswith("WARNING request a: R warns: In log(x) : NaNs produced")
    assert len(lines) == 6


def test_what_was_wrong_with_a_request_is_one_line_of_bounded_length(tmp_path: Path) -> None:
    log = RequestLog(tmp_path / "requests.log")
    log.take([Refused(AT, "a", "not_found", "No\n2027-01-15T08:00:00Z INFO forged" + "x" * 10**5)])
    log.flush(last=True)
    (line,) = tail(tmp_path / "requests.log", 100)
    said = "2027-01-15T08:00:00Z INFO request a: not_found: No 2027-01-15T08:00:00Z INFO forged"
    assert line.startswith(said)
    assert len(line) < 2100


def test_it_stays_bounded(tmp_path: Path) -> None:
    log = RequestLog(tmp_path / "requests.log", most_bytes=2000)
    for i in range(100):
        log.take([scored(f"r{i}")])
        log.flush(last=i == 99)
    kept = sorted(tmp_path.iterdir())
    assert [f.name for f in kept] == ["requests.log", "requests.log.1"]
    assert all(f.stat().st_size < 2100 for f in kept)
    assert "request r99:" in tail(kept[0], 1)[0]


def test_what_the_disk_has_no_room_for_is_lost_and_counted() -> None:
    log = RequestLog(Path("/dev/full"))
    log.take([scored("a", None, "warned"), scored("b")])
    with pytest.raises(OSError, match="No space"):
        log.flush(last=False)
    assert log.lost == 2
    log.flush(last=True)
    assert log.lost == 2


def test_several_logs_are_shown_as_one_by_their_times(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(
        "2027-01-15T08:00:00Z INFO one\n2027-01-15T08:00:02Z ERROR three\nTraceback\n"
    )
    (tmp_path / "b").write_text("2027-01-15T08:00:01Z INFO two\n2027-01-15T08:00:03Z INFO four\n")
    files = (tmp_path / "a", tmp_path / "b", tmp_path / "none")
    last = [line.split()[-1] for line in tail_of(files, 4)]
    assert last == ["two", "three", "Traceback", "four"]
