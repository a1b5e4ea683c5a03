"""A user id and a folder for each worker, nobody else's while it lives.

Only root can give user ids. A lease is a lock on a file named by the id, held by the process that
took it, so that two servers or service hosts of one machine never give out the same one; the
kernel drops the lock when its holder dies, however it dies.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import modelyard
from modelyard.errors import InvalidValue

LEASES = Path("/run/modelyard/uids")
_PREFIX = "modelyard-worker-"
_ABANDONED_AFTER_S = 60.0
_GROUP_OR_OTHERS_MAY_ENTER = 0o001


@dataclass(frozen=True, slots=True)
class Uids:
    """The user ids that workers may be given, first to last, both included."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> Uids | None:
        """``65000-65199``; None for an empty text.

        Raises:
            InvalidValue: it is no range of user ids above those of people.
        """
        if not text:
            return None
        first, dash, last = text.partition("-")
        if not (dash and first.isdecimal() and last.isdecimal() and 1000 < int(first) <= int(last)):
            raise InvalidValue(
                f"worker_uids is a range of unused user ids such as 65000-65199, not {text!r}."
            )
        return cls(int(first), int(last))


@dataclass(slots=True)
class Lease:
    """A user id that is held; :meth:`release` gives it back."""

    uid: int
    _lock: int

    def release(self) -> None:
        """Let others have it; safe to call again."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def lease(uids: Uids, folder: Path = LEASES) -> Lease | str:
    """A user id that no other process uses, or why none can be had."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as e:
        return f"user ids cannot be kept apart in {folder}: {e.strerror}"
    used = _uids_in_use()
    for uid in range(uids.first, uids.last + 1):
        if uid in used or _has_a_name(uid):
            continue
        lock = os.open(folder / str(uid), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        return Lease(uid, lock)
    return f"every user id from {uids.first} to {uids.last} is in use (worker_uids)"


def _uids_in_use() -> set[int]:
    found = set()
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            with suppress(OSError):
                found.add(entry.stat().st_uid)
    return found


def _has_a_name(uid: int) -> bool:
    with suppress(KeyError):
        return bool(pwd.getpwuid(uid).pw_name)
    return False


def shut_to_others(paths: Iterable[str]) -> str | None:
    """The first folder on the way to any of ``paths`` that only its owner may enter, or None."""
    for path in paths:
        real = Path(os.path.realpath(path))
        for folder in (*reversed(real.parents), real):
            with suppress(FileNotFoundError):
                if not folder.stat().st_mode & _GROUP_OR_OTHERS_MAY_ENTER and folder.is_dir():
                    return str(folder)
    return None


def pythons_folders() -> list[str]:
    """What a worker needs of Python's to start."""
    return [sys.executable, sys.prefix, *(p for p in sys.path if p), *modelyard.__path__]


def make_folder(uid: int | None) -> tuple[Path, int]:
    """An empty folder for one worker, and a lock that says that it is in use.

    Raises:
        OSError: there is no room, or no right to make one.
    """
    path = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if uid is not None:
        os.chown(lock, uid, uid)
    return path, lock


def remove_folder(path: Path) -> None:
    """Remove a worker's folder, whatever it has made of it."""
    with suppress(RecursionError):
        shutil.rmtree(path, ignore_errors=True)
    if path.exists():  # folders in folders, deeper than Python goes
        subprocess.run(["rm", "-rf", "--", str(path)], check=False, stderr=subprocess.DEVNULL)


def sweep() -> None:
    """Remove folders whose server was killed before it could."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - os.fstat(lock).st_mtime > _ABANDONED_AFTER_S:
                    remove_folder(path)
            finally:
                os.close(lock)
