"""Who was let in a moment ago, so that a token is not looked up for every request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial

Who = tuple[bytes, str | None]
"""An ``Authorization`` header, and the address it came from."""

FRESH_S = 0.4
KEPT_S = 0.7
"""A token that was revoked is refused after this time and that of one look, at the latest."""
_MOST = 1024


class Door:
    """Lets in whom ``check`` does. One look at a time for each: those who come meanwhile wait for
    the same, and a look that is due again for somebody known holds nobody up.

    ``check`` blocks and is called in ``threads``; the methods are for the event loop's thread.
    """

    def __init__(self, check: Callable[[bytes, str | None], None], threads: Executor) -> None:
        self._check = check
        self._threads = threads
        self._seen: dict[Who, float] = {}
        self._looks: dict[Who, asyncio.Future[None]] = {}

    def knows(self, who: Who) -> bool:
        """Whether this one was let in a moment ago."""
        age = time.monotonic() - self._seen.get(who, -KEPT_S)
        if age < FRESH_S:
            return True
        if age < KEPT_S:
            self._look(who)
            return True
        return False

    async def enter(self, who: Who) -> None:
        """Return if this one may come in, having looked.

        Raises:
            Unauthenticated, Forbidden: as ``check`` does.
        """
        await asyncio.shield(self._look(who))

    def _look(self, who: Who) -> asyncio.Future[None]:
        look = self._looks.get(who)
        if look is None:
            loop = asyncio.get_running_loop()
            look = loop.run_in_executor(self._threads, self._check, *who)
            self._looks[who] = look
            look.add_done_callback(partial(self._looked, who, time.monotonic()))
        return look

    def _looked(self, who: Who, begun: float, look: asyncio.Future[None]) -> None:
        del self._looks[who]
        if look.cancelled() or look.exception() is not None:
            self._seen.pop(who, None)
            return
        if len(self._seen) >= _MOST:
            self._seen.clear()
        self._seen[who] = begun
