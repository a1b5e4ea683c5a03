"""One line for each request, scored or refused, in ``requests.log`` beside the host's own log.

A file of its own, so that many requests do not drive out what the host has to say.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from modelyard.services.ring import Ring

EVERY_S = 0.2
MOST_WAITING = 8192
_BYTES = 8 * 2**20
_WARNINGS = 5
_WARNING_CHARACTERS = 500
_MESSAGE_CHARACTERS = 2000

Scored = tuple[float, str, str, int, float, str, Sequence[str]]
"""UNIX time, request, version, rows, seconds, the request that led its call, R's warnings."""


class Refused(NamedTuple):
    """UNIX time, request, and what was wrong: the code and the message of its error."""

    at: float
    request: str
    code: str
    message: str


class RequestLog:
    """The file: at most ``most_bytes`` of it, and as many again, are kept."""

    def __init__(self, file: Path, most_bytes: int = _BYTES) -> None:
        self.lost = 0
        self._file = file
        self._most_bytes = most_bytes
        self._fd = -1
        self._lines: list[str] = []
        self._requests = 0
        self._second = (0, "")

    def take(self, things: list[Scored | Refused]) -> None:
        """Make their lines."""
        self._requests += len(things)
        for thing in things:
            if isinstance(thing, Refused):
                self._lines.append(
                    f"{self._stamp(int(thing.at))} INFO request {thing.request}: {thing.code}: "
                    f"{_shown(thing.message, _MESSAGE_CHARACTERS)}\n"
                )
                continue
            at, request, version, rows, seconds, lead, warnings = thing
            stamp = self._stamp(int(at))
            joined = "" if lead == request else f", joined to {lead}"
            noun = "row" if rows == 1 else "rows"
            self._lines.append(
                f"{stamp} INFO request {request}: {version} scored {rows} {noun} "
                f"in {1000 * seconds:.2f} ms{joined}\n"
            )
            for warning in warnings[:_WARNINGS]:
                shown = _shown(warning, _WARNING_CHARACTERS)
                self._lines.append(f"{stamp} WARNING request {request}: R warns: {shown}\n")

    def flush(self, *, last: bool) -> None:
        """Write them at once, or lose them: what is late must not pile up."""
        lines, self._lines = self._lines, []
        requests, self._requests = self._requests, 0
        try:
            if lines:
                self._write("".join(lines).encode())
        except OSError:
            self.lost += requests
            raise
        finally:
            if last and self._fd >= 0:
                os.close(self._fd)

    def _write(self, data: bytes) -> None:
        if self._fd < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._fd = os.open(self._file, flags, 0o600)
        if os.write(self._fd, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if os.fstat(self._fd).st_size > self._most_bytes:
            os.close(self._fd)
            self._fd = -1
            self._file.replace(self._file.with_name(f"{self._file.name}.1"))

    def _stamp(self, second: int) -> str:
        if self._second[0] != second:
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))
            self._second = (second, at)
        return self._second[1]


def _shown(text: str, most: int) -> str:
    return " ".join(text.split())[:most]


def request_log(file: Path) -> Ring:
    """A ring whose things are :data:`Scored` and :class:`Refused`, written to ``file``."""
    return Ring("request-log", RequestLog(file), MOST_WAITING, EVERY_S)
