from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from modelyard.services.folder import Folder, HostFile, folder, folders, started
from modelyard.services.types import HostState


@pytest.fixture
def place(tmp_path: Path) -> Folder:
    place = folder(tmp_path, "ab" * 16)
    place.create()
    return place


def test_what_a_host_says_is_read_back(place: Folder) -> None:
    said = HostFile(os.getpid(), started(os.getpid()) or "", 2, HostState.DEGRADED, "why")
    place.write_host(said)
    assert place.read_host() == said
    assert said.is_alive
    assert stat.S_IMODE(place.host_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.path.stat().st_mode) == 0o700


def test_a_recycled_pid_is_not_taken_for_the_host() -> None:
    began = started(os.getpid()) or ""
    boot, _, ticks = began.rpartition(":")
    assert not HostFile(os.getpid(), f"{boot}:{int(ticks) - 1}", 1, HostState.READY).is_alive


def test_a_process_that_ended_but_was_not_waited_for_is_none() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert started(child.pid) is None
    child.wait()


_WRONG_PORT = '{"pid": 1, "started": "b", "generation": 1, "state": "ready", "port": "abc"}'
_NO_PID = '{"pid": null, "started": "b", "generation": 1, "state": "ready"}'


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"state": "asleep"}', '{"pid": 1}', "\x80", _WRONG_PORT, _NO_PID]
)
def test_a_broken_host_file_counts_as_none(place: Folder, text: str) -> None:
    place.host_file.write_text(text)
    assert place.read_host() is None


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "{}", '{"id": 1, "name": 2}'])
def test_a_broken_wish_is_a_value_error(place: Folder, text: str) -> None:
    for file in (place.spec_file, place.path / "good.json"):
        file.write_text(text)
    with pytest.raises(ValueError, match="holds no wish|Expecting"):
        place.read_spec()
    assert place.read_good() is None


def test_only_one_process_holds_the_lock(place: Folder) -> None:
    assert not place.is_held
    held = place.lock()
    assert held is not None
    assert place.is_held
    assert place.lock() is None
    os.close(held)
    assert not place.is_held


def test_only_folders_of_services_are_listed(tmp_path: Path, place: Folder) -> None:
    (tmp_path / "services" / "notes").mkdir()
    assert [i for i, _ in folders(tmp_path)] == [place.path.name]
    assert list(folders(tmp_path / "elsewhere")) == []
