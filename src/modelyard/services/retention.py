"""Removes inferences that are too old, or of which a model has too many: a thread of the server."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from modelyard.services.inference_log import STAMP
from modelyard.settings import Settings

log = logging.getLogger(__name__)

EVERY_S = 300.0
_HALF_WRITTEN_DAYS = 1
"""A file that was begun so long ago has lost its writer."""
_LONGEST_DAYS = 100 * 365
"""Longer than anything is kept; a date before the year 1 could not be told."""


class _File(NamedTuple):
    stamp: str
    path: Path
    size_bytes: int
    is_whole: bool


class Retention:
    """Sweeps the inferences of an account at the start, and every few minutes."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a sweep that hangs with its disk is left behind."""
        self._ended.set()

    def _run(self) -> None:
        while True:
            try:
                sweep(self._settings, self._now())
            except OSError as e:
                log.warning("inferences cannot be swept now: %s", e.strerror)
            if self._ended.wait(EVERY_S):
                return


def sweep(settings: Settings, now: datetime) -> int:
    """Remove the files of each model that are older than ``inference_log_days``, then its oldest
    beyond ``inference_log_bytes``; how many went."""
    oldest = _stamp(now, settings.inference_log_days)
    half_written = _stamp(now, _HALF_WRITTEN_DAYS)
    gone = 0
    for model in (settings.home / "inferences").glob("*/*/*"):
        left = settings.inference_log_bytes
        went = 0
        for file in sorted(_files(model), key=attrgetter("stamp"), reverse=True):
            left -= file.size_bytes
            is_old = file.stamp < (oldest if file.is_whole else half_written)
            if is_old or (left < 0 < settings.inference_log_bytes and file.is_whole):
                file.path.unlink(missing_ok=True)
                went += 1
        if went:
            log.info("removed %d files of the inferences of %s", went, ".".join(model.parts[-3:]))
        gone += went
    return gone


def _stamp(now: datetime, days: float) -> str:
    """How the names of files begin that were written so long ago; none is where days are 0."""
    return (now - timedelta(days=min(days, _LONGEST_DAYS))).strftime(STAMP) if days > 0 else ""


def _files(model: Path) -> Iterator[_File]:
    for folder, _, names in os.walk(model):
        for name in names:
            path, stamp = Path(folder, name), name.lstrip(".").partition("-")[0]
            try:
                yield _File(stamp, path, path.stat().st_size, not name.startswith("."))
            except FileNotFoundError:
                continue  # it was half written, and is whole now
