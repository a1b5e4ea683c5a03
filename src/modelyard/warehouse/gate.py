"""A gate that many may hold at once, or one alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, local


class Gate:
    """Shared by those who use something, exclusive for the one who replaces it."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._inside = 0
        self._closing = False
        self._mine = local()

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Enter beside others; waits while someone is, or wants to be, alone.

        A thread that is inside enters again at once: whoever wants to be alone waits for it.
        """
        if getattr(self._mine, "is_inside", False):
            yield
            return
        with self._changed:
            self._changed.wait_for(lambda: not self._closing)
            self._inside += 1
        self._mine.is_inside = True
        try:
            yield
        finally:
            self._mine.is_inside = False
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def exclusive(self, wait_s: float) -> Iterator[None]:
        """Enter alone; waits until the others have left and lets no new ones in.

        Raises:
            TimeoutError: somebody was still inside after ``wait_s``; those who waited go on.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: not self._closing, wait_s):
                raise TimeoutError
            self._closing = True
        try:
            with self._changed:
                if not self._changed.wait_for(lambda: self._inside == 0, wait_s):
                    raise TimeoutError
            yield
        finally:
            with self._changed:
                self._closing = False
                self._changed.notify_all()
