"""Warm workers per version, lent to one request at a time.

A request takes an idle worker of its version; else, while there is room, a new one is started;
else the idle worker that was used longest ago, of whatever version, makes room; else it waits.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa

from modelyard.artifacts.base import ArtifactStore
from modelyard.compute.base import Compute
from modelyard.errors import ModelError, Overloaded, Unavailable
from modelyard.runtime.base import Prediction
from modelyard.runtime.contents import Contents
from modelyard.runtime.environment import Environment
from modelyard.runtime.manifest import Manifest
from modelyard.runtime.sandbox.plan import Isolation, Level
from modelyard.settings import Settings
from modelyard.workers.lease import Worker
from modelyard.workers.loadable import Loadable

Key = tuple[str, ...]
_TRIES = 3
"""Workers that a request is given to, when those before had been spoiled by an earlier one."""
_WAIT_FOR_BUSY_S = 0.05
"""A busy worker is often free sooner than a new one has started."""


class WorkerPool:
    """Every worker of this process. Safe to use from many threads."""

    def __init__(
        self,
        compute: Compute,
        artifacts: ArtifactStore,
        settings: Settings,
        library_of: Callable[[Environment | None], Path | None] = lambda _: None,
    ) -> None:
        self._library_of = library_of
        self._compute = compute
        self._artifacts = artifacts
        self._settings = settings
        self._limits = (settings.worker_memory_bytes, settings.worker_cpus)
        self._min_isolation = Level.parse(settings.min_isolation)
        self.isolation: Isolation | None = None
        """How well the worker started last is shut in; None before there was one."""
        self._idle: dict[Key, list[Worker]] = defaultdict(list)
        self._busy: Counter[Key] = Counter()
        self._count = 0
        self._doomed: list[Worker] = []
        self._closed = False
        self._changed = threading.Condition()
        self._reaper = threading.Thread(target=self._reap, name="worker-reaper", daemon=True)
        self._reaper.start()

    def limit(self, memory_bytes: int, cpus: int) -> None:
        """From now on let a worker use so much; those that are there are lent no more."""
        self._limits = (memory_bytes, cpus)

    def predict(
        self,
        manifest: Manifest,
        rows: pa.Table,
        *,
        deadline_s: float | None = None,
        request_id: str | None = None,
    ) -> Prediction:
        """Score rows that already fit the manifest's signature.

        A new worker's start does not count against the deadline.

        Raises:
            ModelFault: the model failed, hung, crashed or took too much memory.
            Overloaded: no worker became free in time.
        """
        deadline = self._settings.predict_deadline_s if deadline_s is None else deadline_s
        tries = _TRIES
        while True:
            tries -= 1
            with self.lend(manifest, wait_s=deadline) as worker:
                try:
                    return worker.predict(
                        rows,
                        deadline_s=deadline,
                        request_id=request_id or uuid.uuid4().hex,
                        split=manifest.checks.row_independent and manifest.signature.rows == "same",
                        seeded=not manifest.checks.deterministic,
                    )
                except ModelError:
                    if tries == 0 or not worker.is_spent:
                        raise

    @contextmanager
    def lend(self, what: Loadable, *, wait_s: float) -> Iterator[Worker]:
        """A worker with this model loaded, nobody else's until the block ends.

        Raises:
            Overloaded: none became free within ``wait_s`` seconds.
            Unavailable: R did not start, or the account is closing.
            ModelFault: the model cannot be loaded.
        """
        key = self._key(what)
        worker = self._take(key, what, wait_s)
        try:
            yield worker
        finally:
            self._give_back(key, worker)

    def hand_out(self, what: Loadable) -> Worker:
        """A worker with this model loaded, for good: no longer this pool's to count or to end.

        Raises:
            Unavailable: R did not start.
            ModelFault: the model cannot be loaded.
        """
        key = self._key(what)
        with self._changed:
            found = self._idle_worker(key)
            if found is not None:
                self._count -= 1
                self._changed.notify_all()
        self._end_doomed()
        return self._start(what, key[0]) if found is None else found

    @contextmanager
    def fresh(self, what: Loadable) -> Iterator[Worker]:
        """A new worker whose model was scanned before R saw it, ended after the block."""
        with self._changed:
            self._await_room(time.monotonic() + self._settings.worker_start_s)
        self._end_doomed()
        try:
            worker = self._start(what, self._key(what)[0], scanned=True)
            try:
                yield worker
            finally:
                worker.end()
        finally:
            self._leave()

    def scan(self, what: Loadable) -> Contents:
        """What the model's bytes hold, found by a worker that then loads it, and ends.

        Raises:
            ModelFault: it is refused, or cannot be loaded.
        """
        with self.fresh(what) as worker:
            return worker.contents

    def warm(self, what: Loadable, workers: int) -> None:
        """Have at least so many idle workers of this version.

        Raises:
            ModelFault: the model cannot be loaded.
            Overloaded: there was no room for so many in time.
        """
        with ExitStack() as held:
            for _ in range(workers):
                held.enter_context(self.lend(what, wait_s=self._settings.worker_start_s))

    def forget(self, what: Loadable) -> None:
        """End the idle workers of this version: what they have loaded is not to be gone on with."""
        with self._changed:
            idle = self._idle.pop(self._key(what), [])
            self._count -= len(idle)
            self._changed.notify_all()
        for worker in idle:
            worker.end()

    def try_sandbox(self) -> Isolation:
        """How well workers are shut in here, as the last one found, or one started to find out.

        Raises:
            Unavailable: none can be started.
        """
        if self.isolation is None:
            self.isolation = Worker.try_sandbox(
                self._compute,
                memory_bytes=self._settings.worker_memory_bytes,
                start_s=self._settings.worker_start_s,
            )
        return self.isolation

    def close(self) -> None:
        """End every idle worker; busy ones end when they are given back."""
        with self._changed:
            self._closed = True
            idle = [w for workers in self._idle.values() for w in workers]
            self._idle.clear()
            self._changed.notify_all()
        for worker in idle:
            worker.end()

    def _take(self, key: Key, what: Loadable, wait_s: float) -> Worker:
        end = time.monotonic() + wait_s
        with self._changed:
            found = self._idle_worker(key)
            if found is None and self._busy[key] > 0:
                self._changed.wait(_WAIT_FOR_BUSY_S)
                found = self._idle_worker(key)
            while found is None and not self._make_room():
                self._wait(end)
                found = self._idle_worker(key)
            self._busy[key] += 1
            if found is None:
                self._count += 1
        self._end_doomed()
        if found is not None:
            return found
        try:
            return self._start(what, key[0])
        except BaseException:
            with self._changed:
                self._not_busy(key)
            self._leave()
            raise

    def _key(self, what: Loadable) -> Key:
        """What a worker is the worker of; first the library of packages it is started with."""
        library = self._library_of(what.environment)
        spec = what.predict
        body = "" if what.body is None else what.body.digest
        args = json.dumps(spec.args, sort_keys=True)
        own = [part for f in what.authors for part in (f.role, f.digest)]
        place, limits = str(library or ""), map(str, self._limits)
        return (place, *limits, what.model.digest, body, spec.fn, args, *spec.packages, "", *own)

    def _start(self, what: Loadable, library: str, *, scanned: bool = False) -> Worker:
        memory_bytes, cpus = self._limits
        worker = Worker.start(
            self._compute,
            self._artifacts,
            what,
            memory_bytes=memory_bytes,
            cpus=cpus,
            start_s=self._settings.worker_start_s,
            min_isolation=self._min_isolation,
            scanned=scanned,
            library=library,
        )
        self.isolation = worker.isolation
        return worker

    def _idle_worker(self, key: Key) -> Worker | None:
        workers = self._idle[key]
        while workers:
            worker = workers.pop()
            if worker.alive():
                return worker
            self._doomed.append(worker)
            self._count -= 1
        return None

    def _end_doomed(self) -> None:
        """End what had to go, outside the lock: a large process takes its time to die."""
        with self._changed:
            doomed, self._doomed = self._doomed, []
        for worker in doomed:
            worker.end()

    def _make_room(self) -> bool:
        """Whether one more may be started; dooms the idle one used longest ago where it must."""
        if self._closed:
            raise Unavailable("The account is closing.")
        if self._count < self._settings.max_workers:
            return True
        idle = [(w.last_used, key, w) for key, ws in self._idle.items() for w in ws]
        if not idle:
            return False
        _, key, oldest = min(idle, key=lambda found: found[0])
        self._idle[key].remove(oldest)
        self._doomed.append(oldest)
        self._count -= 1
        return True

    def _await_room(self, end: float) -> None:
        while not self._make_room():
            self._wait(end)
        self._count += 1

    def _wait(self, end: float) -> None:
        left = end - time.monotonic()
        if left <= 0:
            raise Overloaded(
                f"All {self._settings.max_workers} workers are busy.",
                hint="Try again shortly, or raise max_workers.",
            )
        self._changed.wait(left)

    def _give_back(self, key: Key, worker: Worker) -> None:
        with self._changed:
            self._not_busy(key)
            keep = worker.alive() and not self._closed and not self._has_grown(worker)
            if keep:
                self._idle[key].append(worker)
                self._changed.notify_all()
        if not keep:
            worker.end()
            self._leave()

    def _has_grown(self, worker: Worker) -> bool:
        return worker.grown_bytes() > self._settings.worker_growth_bytes

    def _not_busy(self, key: Key) -> None:
        self._busy[key] -= 1
        if not self._busy[key]:
            del self._busy[key]

    def _leave(self) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def _reap(self) -> None:
        while True:
            with self._changed:
                self._changed.wait(min(self._settings.worker_idle_s, 5.0))
                if self._closed:
                    return
                old = self._overdue(time.monotonic() - self._settings.worker_idle_s)
            for worker in old:
                worker.end()

    def _overdue(self, before: float) -> list[Worker]:
        old = []
        for key in list(self._idle):
            gone = [w for w in self._idle[key] if w.last_used < before]
            self._idle[key] = [w for w in self._idle[key] if w.last_used >= before]
            if not self._idle[key]:
                del self._idle[key]
            old.extend(gone)
        self._count -= len(old)
        if old:
            self._changed.notify_all()
        return old
