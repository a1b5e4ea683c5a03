"""What a worker does beside answering: what it says, what it keeps on disk and in memory.

Its stderr is a pipe to us and never the log itself: it could be cut short or overwritten through
a descriptor of that. So much of it is logged, and it is read no faster than it can be logged.
"""

from __future__ import annotations

import logging
import os
import select
import stat
import subprocess
import threading
import time
from pathlib import Path

log = logging.getLogger("modelyard.workers")

TICK_S = 0.25
LOGGED_BYTES = 64 * 2**10
"""Of a worker's output, within a minute; the rest is counted and left out."""
_MINUTE_S = 60.0
_CHUNK = 64 * 2**10
_FLOOD_S = 0.01
"""Between two reads of what is left out: megabytes a second pass, and cost next to nothing."""
_LONGEST_LINE = 2000
_OWN_BYTES = 2**20
"""For folders and a file system's own blocks: one file that is too large meets its limit first."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Watch:
    """A thread that looks after one worker until it ends.

    ``cause`` says why it was ended, if this thread did; ``grown_bytes`` is how much its memory
    has grown since :meth:`settle`.
    """

    def __init__(
        self, popen: subprocess.Popen[bytes], stderr: int, folder: Path, disk_bytes: int
    ) -> None:
        self.cause: str | None = None
        self.grown_bytes = 0
        self._popen = popen
        self._stderr = stderr
        self._folder = folder
        self._disk_bytes = disk_bytes
        self._settled_at: int | None = None
        self._budget, self._since, self._left_out = LOGGED_BYTES, time.monotonic(), 0
        self._line = b""
        self._thread = threading.Thread(target=self._run, name="worker-watch", daemon=True)
        self._thread.start()

    def settle(self) -> None:
        """The model is loaded: growth is counted from here."""
        self._settled_at = resident_bytes(self._popen.pid)

    def join(self) -> None:
        """Wait until the thread is done: the process has ended."""
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._stderr, select.POLLIN)
        is_open, looked = True, 0.0
        while self._popen.poll() is None or is_open:
            if is_open and poll.poll(1000 * TICK_S):
                is_open = self._read()
            elif not is_open:
                time.sleep(TICK_S)
            if (now := time.monotonic()) - looked >= TICK_S:
                looked = now
                self._look()
        self._say_left_out()
        os.close(self._stderr)

    def _read(self) -> bool:
        data = os.read(self._stderr, _CHUNK)
        if time.monotonic() - self._since > _MINUTE_S:
            self._say_left_out()
            self._budget, self._since = LOGGED_BYTES, time.monotonic()
        taken = data[: self._budget]
        self._budget -= len(taken)
        *lines, self._line = (self._line + taken).split(b"\n")
        for line in [*lines, self._line] if not data else lines:
            self._log(line)
        if len(self._line) > _LONGEST_LINE:
            self._log(self._line)
            self._line = b""
        if len(taken) < len(data):
            self._left_out += len(data) - len(taken)
            if self._popen.poll() is None:
                time.sleep(_FLOOD_S)
        return bool(data)

    def _log(self, line: bytes) -> None:
        text = line[:_LONGEST_LINE].decode("utf-8", "replace")
        if text.strip():
            printed = "".join(c if c.isprintable() else " " for c in text)
            log.info("worker %d says: %s", self._popen.pid, printed.rstrip())

    def _say_left_out(self) -> None:
        if self._left_out:
            log.warning("worker %d said %d bytes more", self._popen.pid, self._left_out)
            self._left_out = 0

    def _look(self) -> None:
        if self._settled_at is not None:
            self.grown_bytes = resident_bytes(self._popen.pid) - self._settled_at
        held = disk_bytes(self._folder, self._popen.pid)
        if held > self._disk_bytes + _OWN_BYTES and self.cause is None:
            self.cause = f"its temporary files grew beyond {self._disk_bytes:,} bytes"
            self._popen.kill()


def resident_bytes(pid: int) -> int:
    """The memory a process holds; 0 when it has gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def disk_bytes(folder: Path, pid: int) -> int:
    """What lies on the disk in ``folder``, and in deleted files that ``pid`` holds open."""
    total, waiting = 0, [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    total += 512 * entry.stat(follow_symlinks=False).st_blocks
        except OSError:
            continue
    return total + _deleted_bytes(pid)


def _deleted_bytes(pid: int) -> int:
    total = 0
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208
            found = os.stat(f"/proc/{pid}/fd/{name}")  # noqa: PTH116
            if stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
                total += 512 * found.st_blocks
    except OSError:
        pass
    return total
