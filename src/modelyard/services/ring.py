"""What requests leave behind to be written: by a thread, which no request waits for."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import Any, Protocol

log = logging.getLogger("modelyard.services")

_AT_ONCE = 256
"""Things taken before the interpreter is left to whoever waits for it."""
_PATIENCE_S = 5.0
_SAID_EVERY_S = 60.0


class Sink(Protocol):
    """Where things are written; it is called by one thread, may block and may fail."""

    lost: int
    """Things that were taken and could not be written."""

    def take(self, things: list[Any]) -> None:
        """Keep them to be written."""
        ...

    def flush(self, *, last: bool) -> None:
        """Write what is due; all there is when it is the ``last`` time."""
        ...


class Ring:
    """Things that wait to be written, up to a weight of ``most``.

    The giver is one thread and is never held up: while the sink is stuck and no room is left, what
    is given is dropped and counted.
    """

    def __init__(self, name: str, sink: Sink, most: int, every_s: float) -> None:
        self._sink = sink
        self._most = most
        self._every_s = every_s
        self._things: deque[tuple[int, Any]] = deque()
        # Each is written by one thread only, so their difference needs no lock.
        self._given = self._taken = 0
        self._dropped = 0
        self._failed = 0
        self._said = -_SAID_EVERY_S
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def put(self, thing: Any, weight: int = 1) -> None:
        """Have it written soon, or drop it."""
        if self._given - self._taken + weight > self._most:
            self._dropped += 1
            return
        self._given += weight
        self._things.append((weight, thing))

    @property
    def dropped(self) -> int:
        """Things that were not written, and will not be."""
        return self._dropped + self._failed + self._sink.lost

    def close(self) -> None:
        """Write what is there, unless the sink is stuck."""
        self._ended.set()
        self._thread.join(_PATIENCE_S)

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            self._drain(last=False)
        self._drain(last=True)

    def _drain(self, *, last: bool) -> None:
        left = len(self._things)
        while left:
            some = [self._things.popleft() for _ in range(min(left, _AT_ONCE))]
            left -= len(some)
            try:
                self._sink.take([thing for _, thing in some])
            except Exception as e:  # whatever is wrong with a sink must not end the thread
                self._failed += len(some)
                self._say(e)
            self._taken += sum(weight for weight, _ in some)
            time.sleep(0)
        try:
            self._sink.flush(last=last)
        except Exception as e:
            self._say(e)

    def _say(self, error: Exception) -> None:
        if (now := time.monotonic()) - self._said > _SAID_EVERY_S:
            self._said = now
            why = error.strerror if isinstance(error, OSError) else repr(error)
            log.error("%s: %d things were not written: %s", self._thread.name, self.dropped, why)
