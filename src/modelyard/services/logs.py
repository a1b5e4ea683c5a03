"""The tail of a service's logs, without secrets and without paths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from heapq import merge
from operator import itemgetter
from pathlib import Path

_TAIL_BYTES = 2**20
MOST_LINES = 10_000

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ")
_AUTHORIZATION = re.compile(r"(?i)(snowflake\s+token\s*=\s*|bearer\s+)\"?[^\s\"',)]+\"?")
_SECRET = re.compile(r"\b[A-Za-z]{2,12}_(?:[A-Za-z0-9]{1,16}_)*[A-Za-z0-9_-]{32,}")
_QUOTED_PATH = re.compile(r"([\"'])/(?:[^\"'\n]*/)([^\"'\n]*)\1")
_URL_OR_PATH = re.compile(r"(https?://[^\s\"']+)|(?<![\w.])/(?:[^\s/\"':,;)]+/)+([^\s/\"':,;)]*)")


def clean(text: str) -> str:
    """``text`` without tokens, and with only the last part of each path.

    >>> clean('File "/srv/home/me/model.rds" sent by Bearer my_secret')
    'File "model.rds" sent by Bearer <token>'
    """
    text = _AUTHORIZATION.sub(r"\1<token>", text)
    text = _SECRET.sub("<token>", text)
    text = _QUOTED_PATH.sub(r"\1\2\1", text)
    return _URL_OR_PATH.sub(lambda m: m[1] or m[2] or "<path>", text)


def tail(file: Path, lines: int) -> list[str]:
    """The last ``lines`` lines of a log, oldest first; none when there is no log yet."""
    try:
        with file.open("rb") as log:
            size = log.seek(0, 2)
            log.seek(max(0, size - _TAIL_BYTES))
            text = log.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return []
    found = text.splitlines()
    if size > _TAIL_BYTES:
        # The first line may have begun before what was read.
        found = found[1:]
    return [clean(line) for line in found[-max(1, min(lines, MOST_LINES)) :]]


def tail_of(files: Iterable[Path], lines: int) -> list[str]:
    """The last ``lines`` lines of several logs, by their times."""
    merged = merge(*(_timed(tail(file, lines)) for file in files), key=itemgetter(0))
    return [line for _, line in merged][-lines:]


def _timed(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each with its time; one without, such as of a traceback, has that of the line before."""
    at = ""
    for line in lines:
        if (found := _STAMP.match(line)) is not None:
            at = found[0]
        yield at, line
