"""The workers of one version, and the requests that wait for them.

A worker that is free gets at once whatever waits, as one call where rows do not depend on each
other: nothing waits in order to be joined. When a joined call fails, or R warns in it of what it
does not always warn of, each of its requests is asked again alone: only the guilty one fails, and
each is told its own warnings. All of it belongs to one event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial

from modelyard.errors import (
    Internal,
    ModelFault,
    ModelTimeout,
    ModelyardError,
    Overloaded,
    Unavailable,
    WorkerCrashed,
)
from modelyard.runtime.base import Prediction, seed_of
from modelyard.workers.joining import next_call, share
from modelyard.workers.lease import Worker
from modelyard.workers.live import LiveWorker
from modelyard.workers.requests import Answered, Figures, Part, Rules, Waiting, give, tell, tried
from modelyard.workers.usual import Usual

log = logging.getLogger(__name__)

FAILURES = 5
"""So many deaths in a row, with no answer between them, open the circuit."""
_RECENT_S = 60.0
_LEAST_PATIENCE_S = 1.0
_TRIES, _TRIES_KILLED = 2, 3
"""Calls that may die of one request before it is told so; what the kernel kills may be innocent."""


class Crew:
    """``size`` workers, started by ``start`` in ``threads``."""

    def __init__(
        self, start: Callable[[], Worker], threads: Executor, rules: Rules, size: int
    ) -> None:
        self._start_worker = start
        self._threads = threads
        self._rules = rules
        self._loop = asyncio.get_running_loop()
        self._size = size
        self._idle: list[LiveWorker] = []
        self._busy: set[LiveWorker] = set()
        self._under_way = 0
        """Requests of calls that are under way, or answered just now."""
        self._starting = 0
        self._waiting: deque[Waiting] = deque()
        self._failures = 0
        self._cause: ModelyardError | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._closed = self._ended = False
        self._slowest_s = self._call_s = 0.0
        self._usual = Usual()
        self._tasks: set[asyncio.Task[None]] = set()
        self.figures = Figures()
        self.idle_since = self._loop.time()

    @property
    def waiting(self) -> int:
        """Requests that wait for a worker."""
        return len(self._waiting)

    @property
    def workers(self) -> int:
        """Workers that are there."""
        return len(self._idle) + len(self._busy)

    @property
    def busy(self) -> int:
        """Workers that are asked something."""
        return len(self._busy)

    @property
    def size(self) -> int:
        """Workers that are wanted."""
        return self._size

    @property
    def cause(self) -> str | None:
        """Why no worker can be had, when none can."""
        return str(self._cause) if self._cause is not None and self._is_open() else None

    def queue_s(self) -> float:
        """How long the request that waits longest has waited, in seconds."""
        return self._loop.time() - self._waiting[0].since if self._waiting else 0.0

    def resize(self, size: int) -> None:
        """Want so many workers from now on; none of them too many that works."""
        self._size = size
        self._shrink()
        self._fill()

    async def ready(self) -> None:
        """Wait until all workers that are wanted are there.

        Raises:
            ModelyardError: why one cannot be had.
        """
        self._fill()
        while self._tasks and self._cause is None:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        if self._cause is not None:
            raise self._cause

    def submit(self, one: Waiting) -> None:
        """Ask as soon as a worker is free; ``one.future`` is told.

        Raises:
            Overloaded: too many wait already.
            Unavailable: no worker can be had, and why.
        """
        if self._closed:
            raise Unavailable("This version is being replaced.", hint="Try again.")
        if len(self._waiting) >= self._rules.most_waiting:
            self.figures.refused += 1
            raise Overloaded("Too many requests are waiting already.", hint="Try again shortly.")
        if self._is_open():
            raise Unavailable(f"The model's workers keep dying: {self._cause}", hint="Try later.")
        one.since = self._loop.time()
        self._waiting.append(one)
        self._dispatch()

    async def drained(self) -> None:
        """Take no more requests, and wait until all have their answer."""
        self._closed = True
        while self._waiting or self._busy:
            await asyncio.sleep(0.02)

    def close(self) -> None:
        """End all workers; whoever still waits is told."""
        self._closed = self._ended = True
        if self._retry is not None:
            self._retry.cancel()
        for one in self._waiting:
            tell(one, _ending())
        self._waiting.clear()
        for worker in [*self._idle, *self._busy]:
            worker.end()
        self._idle.clear()

    def _is_open(self) -> bool:
        return self._failures >= FAILURES and not self.workers

    def _dispatch(self) -> None:
        while self._waiting:
            if not self._idle:
                if not self._busy and not self._starting:
                    self._fill()
                return
            now, most = self._loop.time(), self._most()
            call = next_call(self._waiting, most, self._rules, self.figures, now)
            if call:
                self._ask(self._idle.pop(), call)

    def _most(self) -> int:
        """How many requests the next call may take."""
        if self._usual.is_unsure:
            return 1
        return share(len(self._waiting), self._under_way, self.workers, self._call_s)

    def _ask(self, worker: LiveWorker, call: list[Waiting]) -> None:
        self._busy.add(worker)
        self._under_way += len(call)
        now = self._loop.time()
        first = call[0]
        seed = seed_of(first.request_id) if self._rules.seeded else None
        if seed is not None:
            log.info("request %s is scored with seed %d", first.request_id, seed)
        rows = tried(self._rules.table, [one.rows for one in call])
        if isinstance(rows, ModelyardError):
            self._loop.call_soon(self._answered, worker, call, now, rows)
            return
        worker.ask(
            rows,
            first.request_id,
            seed,
            self._patience(call, now),
            partial(self._answered, worker, call, now),
            split=self._rules.joins,
        )

    def _patience(self, call: list[Waiting], now: float) -> float:
        """When to give a call up: of a joined one, each request has time left to be asked alone."""
        until = min(one.until for one in call)
        if len(call) == 1:
            return until
        half = now + (until - now) / 2
        if not self._slowest_s:  # nothing is known yet of how long it takes
            return half
        return min(now + max(_LEAST_PATIENCE_S, 10 * self._slowest_s), half)

    def _answered(
        self,
        worker: LiveWorker,
        call: list[Waiting],
        asked: float,
        outcome: Prediction | ModelyardError,
    ) -> None:
        self._busy.discard(worker)
        figures, now = self.figures, self._loop.time()
        figures.calls += 1
        figures.joined[len(call)] += 1
        if isinstance(outcome, Prediction):
            self._failures, self._cause = 0, None
            self._slowest_s = max(now - asked, 0.99 * self._slowest_s)
            self._call_s = outcome.seconds
            error = self._told(call, outcome)
        else:
            error = outcome
        if error is not None:
            self._failed(worker, call, error)
        if worker.usable and not worker.has_grown(self._rules.most_growth_bytes):
            self._idle.append(worker)
        elif worker.usable:
            worker.end()
        self.idle_since = now
        self._dispatch()
        self._under_way -= len(call)
        self._shrink()
        self._fill()

    def _told(self, call: list[Waiting], outcome: Prediction) -> ModelyardError | None:
        """Give each its answer, or ask each alone when R warned of what may be another's rows."""
        warnings = outcome.warnings
        if len(call) > 1 and warnings and not self._usual.covers(warnings):
            self._ask_alone(call)
            return None
        self._usual.heard(warnings)
        return self._scatter(call, outcome)

    def _scatter(self, call: list[Waiting], outcome: Prediction) -> ModelyardError | None:
        count = sum(one.count for one in call)
        table = tried(self._rules.check, outcome.table, count)
        if isinstance(table, ModelyardError):
            return table
        self.figures.rows += count
        answered = Answered(table, outcome.warnings, len(call), call[0].request_id)
        if len(call) == 1:  # whose rows may be more or fewer than were asked
            give(call[0], Part(answered, 0, table.num_rows))
            return None
        start = 0
        for one in call:
            give(one, Part(answered, start, start + one.count))
            start += one.count
        return None

    def _ask_alone(self, call: list[Waiting]) -> None:
        """Before all others, each by itself."""
        for one in reversed(call):
            one.alone = True
            self._waiting.appendleft(one)

    def _failed(self, worker: LiveWorker, call: list[Waiting], error: ModelyardError) -> None:
        if worker.is_spent:  # nothing was asked of it yet
            self._waiting.extendleft(reversed(call))
            return
        if self._ended:
            for one in call:
                tell(one, _ending())
            return
        if isinstance(error, WorkerCrashed | ModelTimeout):
            self._died(error)
        if not isinstance(error, ModelFault):
            log.error("a call failed: %s", error)
        most = 1
        if isinstance(error, WorkerCrashed):
            most = _TRIES_KILLED if error.is_killed else _TRIES
        for one in reversed(call):
            one.tries += 1
            again = len(call) > 1 or one.tries < most
            if again:
                one.alone = True
                # One that ended a worker by itself may do so again: those who wait go before it.
                put = self._waiting.append if len(call) == 1 else self._waiting.appendleft
                put(one)
            else:
                tell(one, error)

    def _died(self, error: ModelyardError) -> None:
        self._failures += 1
        self._cause = error
        self.figures.crashes += 1
        self.figures.recent.append(self._loop.time())
        log.warning("a worker died: %s", error)

    def _lost(self, worker: LiveWorker) -> None:
        """An idle one died."""
        if worker in self._idle:
            self._idle.remove(worker)
            self._died(WorkerCrashed("The model's R process ended while it was idle."))
            self._fill()

    def _fill(self) -> None:
        """Start what is missing: at once, or later when starts have failed."""
        if self._ended or self._retry is not None:
            return
        while self.workers + self._starting < self._wanted():
            if self._failures >= FAILURES and self._starting == 0 and not self.workers:
                delay = min(0.5 * 2 ** (self._failures - FAILURES), 30.0)
                self._retry = self._loop.call_later(delay, self._try_again)
                return
            self._begin()

    def _shrink(self) -> None:
        while self._idle and self.workers > self._wanted():
            self._idle.pop().end()

    def _wanted(self) -> int:
        """Workers to have: one to spare when some died just now; none at rest or at the end."""
        if self._closed or not self._size:
            return min(1, len(self._waiting) + len(self._busy))
        recent = self.figures.recent
        is_troubled = bool(recent) and self._loop.time() - recent[-1] < _RECENT_S
        return self._size + is_troubled

    def _try_again(self) -> None:
        self._retry = None
        if not self._ended and not self.workers and not self._starting:
            self._begin()

    def _begin(self) -> None:
        self._starting += 1
        task = self._loop.create_task(self._start_one())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _start_one(self) -> None:
        try:
            worker = await self._loop.run_in_executor(self._threads, self._start_worker)
            live = LiveWorker(worker, self._threads, self._lost)
            await live.open()
        except ModelyardError as e:
            self._not_started(e)
            return
        except Exception:
            log.exception("a worker could not be started")
            self._not_started(Internal("A worker could not be started."))
            return
        self._starting -= 1
        self.figures.starts += 1
        if self._ended or (self._closed and not self._waiting):
            live.end()
            return
        self._idle.append(live)
        self._dispatch()

    def _not_started(self, error: ModelyardError) -> None:
        self._starting -= 1
        self._failures += 1
        self._cause = error
        log.warning("a worker could not be started: %s", error)
        if self._is_open():
            for one in self._waiting:
                tell(one, Unavailable(f"No worker can be started: {error}"))
            self._waiting.clear()
        self._fill()


def _ending() -> Unavailable:
    return Unavailable("This service is ending.", hint="Try again.")
