"""The home of a local account: who may look in, and where its server is found.

``server.lock`` is held, by flock, by the running server and holds its pid. ``server.json`` says
where it listens and is true only while the lock is held by the pid it names; whatever a killed
server left behind is told from that.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from modelyard.errors import Conflict, Unavailable

LOCK_PATIENCE_S = 2.0
"""Clients hold the lock for an instant to see whether a server does; longer means a server."""


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """A running server: its address, the owner's token, its pid, since when (UTC), its version."""

    url: str
    token: str
    pid: int
    started_at: str
    version: str


def prepare_home(home: Path) -> Path:
    """Make the home if it is not there, and make sure only its owner may look in.

    Raises:
        Unavailable: it cannot be made or is not a folder of this user's.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if home.stat().st_mode & 0o077:
            home.chmod(0o700)
    except OSError as e:
        raise Unavailable(
            f"The home {home} cannot be used: {e.strerror}.",
            hint="Set MODELYARD_HOME to a folder you may write to.",
        ) from e
    return home


def trusted_file(home: Path) -> Path:
    """The certificate that clients of this home trust, where one was made for the account."""
    return home / "tls" / "ca.pem"


def write_private(file: Path, text: str) -> None:
    """Replace a file by one only its owner may read; readers see the old text or the new."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            os.fchmod(out.fileno(), 0o600)
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def announce(home: Path, info: ServerInfo) -> None:
    """Say where the server is; the caller holds the lock."""
    write_private(home / "server.json", json.dumps(asdict(info)))


def running_server(home: Path) -> ServerInfo | None:
    """The server that runs for this home and is ready, or None."""
    pid = _holder(home)
    if pid is None:
        return None
    try:
        info = ServerInfo(**json.loads((home / "server.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return info if info.pid == pid else None


@contextmanager
def server_lock(home: Path) -> Iterator[None]:
    """Be the one server of this home; what a killed one announced is cleared away.

    Raises:
        Conflict: another server runs for it.
    """
    with (home / "server.lock").open("a+", encoding="utf-8") as lock:
        os.fchmod(lock.fileno(), 0o600)
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while not _take(lock.fileno()):
            if time.monotonic() > deadline:
                info = running_server(home)
                where = f" at {info.url} (pid {info.pid})" if info else ""
                raise Conflict(
                    f"A server runs for {home} already{where}.",
                    hint="Use it, or stop it with `modelyard server stop`.",
                )
            time.sleep(0.05)
        (home / "server.json").unlink(missing_ok=True)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        try:
            yield
        finally:
            (home / "server.json").unlink(missing_ok=True)


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(home: Path) -> int | None:
    """The pid of the process that holds the server's lock, or None."""
    try:
        with (home / "server.lock").open("r", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read().strip())
    except (OSError, ValueError):
        pass
    return None
