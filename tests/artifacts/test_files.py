"""Artifacts as files: the contract, full disks, and what killed processes left."""

from __future__ import annotations

import errno
import io
import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from modelyard.artifacts import files
from modelyard.artifacts.files import FileStore
from modelyard.errors import StorageFull, Unavailable
from modelyard.testing.artifacts import ArtifactContract


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


@pytest.fixture
def store(root: Path) -> FileStore:
    return FileStore(root)


class TestFiles(ArtifactContract):
    pass


def everything(root: Path) -> list[Path]:
    return [p for p in root.rglob("*") if p.is_file()]


@pytest.mark.parametrize("step", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_leaves_nothing_behind(store, root, monkeypatch, step, code):
    kept = store.put(io.BytesIO(b"before"))

    def full(*_: object, **__: object) -> None:
        raise OSError(code, "full")

    where = {"open": os, "fsync": os, "replace": Path, "write": files}[step]
    monkeypatch.setattr(where, "_write_all" if step == "write" else step, full)
    with pytest.raises(StorageFull):
        store.put(io.BytesIO(b"model"))
    monkeypatch.undo()
    assert [p.name for p in everything(root)] == [kept.digest]
    assert store.has(store.put(io.BytesIO(b"model")).digest)


def test_a_disk_error_is_no_success(store, root, monkeypatch):
    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(Unavailable):
        store.put(io.BytesIO(b"model"))
    monkeypatch.undo()
    assert everything(root) == []


def test_a_file_that_may_not_grow_is_a_full_disk(store, root):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(StorageFull):
            store.put(io.BytesIO(bytes(3 << 20)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert everything(root) == []


def test_a_disk_that_is_really_full_keeps_what_it_has(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        store = FileStore(disk / "artifacts")
        kept = store.put(io.BytesIO(b"k" * 1_000_000))
        with pytest.raises(StorageFull):
            store.put(io.BytesIO(bytes(3_000_000)))
        with store.open(kept.digest) as stream:
            assert stream.read() == b"k" * 1_000_000
        assert [p.name for p in everything(disk)] == [kept.digest]
        store.delete(kept.digest)
        assert store.put(io.BytesIO(bytes(1_500_000))).size_bytes == 1_500_000
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_nobody_else_may_read_what_is_stored(store, root):
    store.put(io.BytesIO(b"model"))
    for path in (root, *root.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_what_a_killed_put_left_is_swept_when_old(store, root):
    code = (
        "import io, sys; from pathlib import Path; from modelyard.artifacts.files import FileStore;"
        "FileStore(Path(sys.argv[1])).put(io.BytesIO(b'model'))"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, str(root)],
        env={**os.environ, "MODELYARD_FAULT": "artifact.copied"},
        check=False,
    )
    assert killed.returncode == -9
    assert len(everything(root)) == 1 and list(store.entries()) == []
    assert store.sweep(3600) == 0
    assert store.sweep(0) == 1 and everything(root) == []


def test_files_of_others_are_left_alone(store, root):
    (root / "README").write_text("mine")
    (root / "ab").mkdir()
    (root / "ab" / "note").write_text("mine")
    assert list(store.entries()) == [] and store.sweep(0) == 0
    assert len(everything(root)) == 2
