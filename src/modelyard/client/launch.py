"""Find the local account's server, or start it: one server however many look at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from filelock import FileLock

from modelyard.errors import Unavailable
from modelyard.home import ServerInfo, prepare_home, running_server

START_PATIENCE_S = 60.0
_TAIL_LINES = 15


def find_or_start(home: Path) -> ServerInfo:
    """The server of this home, started when it is not running.

    Raises:
        Unavailable: it did not start; the hint has the end of its log.
    """
    if (info := running_server(home)) is not None:
        return info
    prepare_home(home)
    with FileLock(home / "start.lock", mode=0o600):
        # Someone else may have started it while this one waited for the lock.
        return running_server(home) or _start(home)


def stop(home: Path, *, patience_s: float = 30.0) -> bool:
    """Stop the server of this home and wait until it has; False when none was running.

    Raises:
        Unavailable: it is still there after ``patience_s`` seconds.
    """
    if (info := running_server(home)) is None:
        return False
    os.kill(info.pid, signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    while (now := running_server(home)) is not None and now.pid == info.pid:
        if time.monotonic() > deadline:
            raise Unavailable(f"The server (pid {info.pid}) has not stopped yet.")
        time.sleep(0.05)
    return True


def log_tail(home: Path, lines: int = _TAIL_LINES, *, since: int = 0) -> str:
    """The last lines of the server's log, of those behind its first ``since`` bytes; empty when
    there are none. A log that has become shorter was begun anew, and counts whole."""
    try:
        written = (home / "server.log").read_bytes()
    except OSError:
        return ""
    text = written[since if since <= len(written) else 0 :].decode("utf-8", errors="replace")
    return "\n".join(text.splitlines()[-lines:])


def _start(home: Path) -> ServerInfo:
    environment = {**os.environ, "MODELYARD_HOME": str(home)}
    # What is printed before logging is set up, such as a failed import, belongs in the log too.
    with (home / "server.log").open("ab") as log:
        (home / "server.log").chmod(0o600)
        since = log.tell()
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "modelyard.cli.main", "server", "run"],
            env=environment,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # it outlives this process and its terminal
        )
    deadline = time.monotonic() + START_PATIENCE_S
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        if (info := running_server(home)) is not None:
            return info
        if ended:
            break
        time.sleep(0.05)
    else:
        process.kill()
    tail = log_tail(home, since=since)
    raise Unavailable(
        f"The local account in {home} did not start.",
        hint=f"The end of its log says:\n{tail}" if tail else "Its log is empty.",
    )
