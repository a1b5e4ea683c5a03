"""One worker process with one version loaded, and what its failures mean to a caller."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TypeVar

import pyarrow as pa

from modelyard.artifacts.base import ArtifactStore
from modelyard.compute.base import Compute, Process
from modelyard.errors import (
    Detail,
    Internal,
    Invalid,
    MalformedRequest,
    MemoryLimit,
    MissingPackage,
    ModelError,
    ModelFault,
    ModelTimeout,
    ModelyardError,
    OutputViolation,
    TooLarge,
    Unavailable,
    WorkerCrashed,
    all_errors,
)
from modelyard.runtime import messages as m
from modelyard.runtime.base import Prediction, seed_of
from modelyard.runtime.contents import Contents, check_pointers
from modelyard.runtime.r.rds import FrameReader
from modelyard.runtime.r.rds_write import FrameWriter
from modelyard.runtime.sandbox.plan import Isolation, Level
from modelyard.workers.loadable import Loadable

log = logging.getLogger(__name__)
T = TypeVar("T", m.Kept, m.Scanned, m.Loaded, m.Inspected, m.Answer)

CALL_ROWS = 122_880
"""Rows a call of a row-independent model: R is fastest near this size, and memory stays bounded."""
_LONGEST_TEXT = 2000
_MOST_WARNINGS = 20
_MOST_DETAILS = 100


class Worker:
    """A loaded model in a process of its own; one request at a time.

    A worker that has failed in a way that leaves R in doubt (late, dead, out of memory) is
    ended at once, and ``usable`` says so. ``is_spent`` says that it did not begin a request, since
    an earlier one had spoiled it.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._writer, self._reader = FrameWriter(), FrameReader()
        self._ending = threading.Lock()
        self._ended: str | None = None
        self.usable = True
        self.is_spent = False
        self.load_s = 0.0
        self.isolation = Isolation(Level.NONE)
        self._contents: Contents | None = None
        self.last_used = time.monotonic()

    @classmethod
    def start(
        cls,
        compute: Compute,
        artifacts: ArtifactStore,
        what: Loadable,
        *,
        memory_bytes: int,
        start_s: float,
        min_isolation: Level,
        scanned: bool = False,
        library: str = "",
        cpus: int = 0,
    ) -> Worker:
        """Start a process and load the model in it; ``scanned``: look through its bytes before.

        ``library`` and ``cpus`` are as :meth:`Compute.spawn_worker` takes them.

        Raises:
            ModelRejected, MissingPackage, ModelFault: the model cannot be loaded.
            Unavailable: the process did not start in time, or is not shut in well enough.
        """
        worker = cls(compute.spawn_worker(memory_bytes, library, cpus))
        try:
            worker._begin(start_s)
            worker._insist(min_isolation)
            if scanned:
                worker._scan(artifacts, what, start_s)
            worker._put(artifacts, what, start_s)
            worker._load(artifacts, what, start_s)
            worker._process.settle()
        except BaseException:
            worker.end()
            raise
        return worker

    @classmethod
    def try_sandbox(cls, compute: Compute, *, memory_bytes: int, start_s: float) -> Isolation:
        """How well a worker is shut in here, from one that is started for this and ended.

        Raises:
            Unavailable: the process did not start in time.
        """
        worker = cls(compute.spawn_worker(memory_bytes))
        try:
            worker._begin(start_s)
        finally:
            worker.end()
        return worker.isolation

    def _begin(self, start_s: float) -> None:
        self._process.channel.settimeout(start_s)
        try:
            ready, _, _ = self._process.channel.receive()
        except TimeoutError:
            raise Unavailable(f"R did not start within {start_s:g} s.") from None
        except (EOFError, OSError):
            raise Unavailable(f"R did not start: {self._process.kill()}.") from None
        if not isinstance(ready, m.Ready):
            raise Internal(f"A worker began with {type(ready).__name__}.")
        self.isolation = ready.isolation

    def _insist(self, minimum: Level) -> None:
        found = self.isolation
        if not found.level.at_least(minimum):
            raise Unavailable(
                f"A model runs here only where a worker's isolation is {minimum}, and it is "
                f"{found.level}: {'; '.join(found.missing)}.",
                hint="Mend what is missing, or, where everyone who may log models is trusted, "
                f'set min_isolation = "{found.level}" in settings.toml.',
            )

    def _scan(self, artifacts: ArtifactStore, what: Loadable, start_s: float) -> None:
        """In the process that is about to load it: a hostile file can hurt that one only."""
        body = what.body
        message = m.Scan(what.model.digest, None if body is None else body.digest)
        reply = self._give_files(message, m.Scanned, artifacts, what, start_s)
        self._contents = Contents.from_dict({**reply.model, "body": reply.body})
        check_pointers(self._contents)

    @property
    def contents(self) -> Contents:
        """What the scanner found in a model that was scanned before it was loaded."""
        if self._contents is None:
            raise Internal("This worker's model was not scanned.")
        return self._contents

    def _put(self, artifacts: ArtifactStore, what: Loadable, start_s: float) -> None:
        for file in what.authors:
            with artifacts.open(file.digest) as stored:
                message = m.Put(file.role, file.digest)
                self._ask(message, m.Kept, deadline_s=start_s, files=[stored.fileno()])

    def _load(self, artifacts: ArtifactStore, what: Loadable, start_s: float) -> None:
        body = what.body
        message = m.Load(
            what.model.digest,
            None if body is None else body.digest,
            what.predict.fn,
            list(what.predict.packages),
            dict(what.predict.args),
            list(what.needs),
        )
        self.load_s = self._give_files(message, m.Loaded, artifacts, what, start_s).seconds

    def _give_files(
        self,
        message: m.Load | m.Scan,
        want: type[T],
        artifacts: ArtifactStore,
        what: Loadable,
        start_s: float,
    ) -> T:
        with ExitStack() as stack:
            files = [
                stack.enter_context(artifacts.open(f.digest)).fileno()
                for f in (what.model, what.body)
                if f is not None
            ]
            return self._ask(message, want, deadline_s=start_s, files=files)[0]

    def predict(
        self,
        rows: pa.Table,
        *,
        deadline_s: float,
        request_id: str,
        split: bool = False,
        seeded: bool = False,
    ) -> Prediction:
        """Score rows that fit the contract; ``split`` allows several calls of R, ``seeded`` starts
        its random numbers from the id.

        Raises:
            ModelFault: with what went wrong.
        """
        seed = seed_of(request_id) if seeded else None
        if seed is not None:
            log.info("request %s is scored with seed %d", request_id, seed)
        message = m.Predict(request_id, seed)
        if not split or rows.num_rows <= CALL_ROWS:
            return self._call(message, rows, deadline_s)
        end = time.monotonic() + deadline_s
        parts = []
        for start in range(0, rows.num_rows, CALL_ROWS):
            left = end - time.monotonic()
            parts.append(self._call(message, rows.slice(start, CALL_ROWS), left))
        return joined(parts)

    def _call(self, message: m.Predict, rows: pa.Table, deadline_s: float) -> Prediction:
        return self.prediction(*self._told(message, self.pieces(rows), deadline_s))

    def pieces(self, rows: pa.Table) -> m.Rows:
        """Rows that fit the contract, as they are sent."""
        return self._writer.pieces(rows)

    def prediction(self, reply: m.Message, answer: memoryview) -> Prediction:
        """What it replied to a ``Predict``; it is not believed.

        Raises:
            ModelFault: what it says went wrong, or that it says what none of ours does.
        """
        found = self._understood(reply, m.Answer)
        if not answer:
            raise self._hostile("an answer without rows")
        warnings = tuple(w[:_LONGEST_TEXT] for w in found.warnings[:_MOST_WARNINGS])
        return Prediction(self._frame(answer), warnings, found.seconds)

    def _frame(self, answer: memoryview) -> pa.Table:
        """The rows of an answer.

        Raises:
            OutputViolation: for columns that no contract has.
            WorkerCrashed: for bytes that are no frame.
        """
        try:
            return self._reader.read(answer)
        except (MalformedRequest, TooLarge) as e:
            raise self._hostile(f"rows that cannot be read: {e.message}") from None
        except Invalid as e:
            raise OutputViolation(f"The model's answer: {e.message}", details=e.details) from None

    def inspect(
        self, sample_rows: int, *, deadline_s: float
    ) -> tuple[m.Inspected, pa.Table | None]:
        """What the loaded model is, and training rows it kept, if any."""
        told, rows = self._ask(m.Inspect(sample_rows), m.Inspected, deadline_s=deadline_s)
        return told, self._frame(rows) if rows else None

    def _ask(
        self,
        message: m.Message,
        want: type[T],
        rows: m.Rows = (),
        *,
        deadline_s: float,
        files: Sequence[int] = (),
    ) -> tuple[T, memoryview]:
        """Its reply, of the type that answers ``message``; the worker is not believed."""
        reply, answer = self._told(message, rows, deadline_s, files)
        return self._understood(reply, want), answer

    def _told(
        self,
        message: m.Message,
        rows: m.Rows,
        deadline_s: float,
        files: Sequence[int] = (),
    ) -> tuple[m.Message, memoryview]:
        channel = self._process.channel
        channel.settimeout(max(deadline_s, 0.001))
        try:
            channel.send(message, rows, files)
            reply, answer, _ = channel.receive()
        except TimeoutError:
            raise self.late(deadline_s) from None
        except (EOFError, OSError):
            raise self.crashed() from None
        except m.Garbled as e:
            raise self.garbled(e) from None
        self.last_used = time.monotonic()
        return reply, answer

    def _understood(self, reply: m.Message, want: type[T]) -> T:
        if isinstance(reply, m.Spent):
            self.end()
            self.is_spent = True
            raise ModelError(
                "A request has left R in a state that cannot be put back: "
                f"{reply.reason[:_LONGEST_TEXT]}."
            )
        if isinstance(reply, m.Fault):
            raise self._fault(reply)
        if not isinstance(reply, want):
            raise self._hostile(f"{type(reply).__name__} where {want.__name__} was due")
        return reply

    def late(self, deadline_s: float) -> ModelTimeout:
        """End it, for it did not answer in time; the error to raise."""
        self.end()
        return ModelTimeout(
            f"The model did not answer within {deadline_s:.3g} s; its process was ended.",
            hint="Send fewer rows, or raise predict_deadline_s in settings.toml and restart.",
        )

    def crashed(self) -> WorkerCrashed:
        """End what is left of it, for it hung up; the error to raise."""
        ending = self.end()
        error = WorkerCrashed(
            f"The model's R process ended while it worked on this request: {ending}.",
            hint="The next request gets a new process.",
        )
        error.is_killed = "SIGKILL" in ending
        return error

    def garbled(self, error: m.Garbled) -> WorkerCrashed:
        """End it, for it sent what is no message; the error to raise."""
        return self._hostile(str(error))

    def _fault(self, told: m.Fault) -> ModelyardError:
        """The error it reports, if it is one that a model can cause."""
        if told.code == MemoryLimit.code:
            self.end()
        kind = all_errors().get(told.code, Internal)
        if not issubclass(kind, ModelFault | Invalid):
            return self._hostile("a fault that is not a model's")
        hint = None if told.hint is None else told.hint[:_LONGEST_TEXT]
        details = [Detail(reason[:_LONGEST_TEXT]) for reason in told.details[:_MOST_DETAILS]]
        error = kind(told.message[:_LONGEST_TEXT], hint=hint, details=details)
        if isinstance(error, MissingPackage):
            error.packages = tuple(told.names)
        return error

    def _hostile(self, said: str) -> WorkerCrashed:
        """End a worker that says what none of ours does: its R is not R any more."""
        self.end()
        return WorkerCrashed(
            f"The model's R process was ended: it answered {said}.",
            hint="The next request gets a new process.",
        )

    def detach(self) -> tuple[socket.socket, int | None]:
        """Its socket, for a conversation that does not block, and the most bytes of an answer."""
        return self._process.channel.detach()

    def alive(self) -> bool:
        """Whether it can take a request."""
        return self.usable and self._process.alive()

    def grown_bytes(self) -> int:
        """How much its memory has grown since the model was loaded."""
        return self._process.grown_bytes()

    def end(self) -> str:
        """End the process and say how it ended; from several threads, once."""
        self.usable = False
        with self._ending:
            if self._ended is None:
                self._ended = self._process.kill()
        return self._ended


def joined(parts: Sequence[Prediction]) -> Prediction:
    """The answers to slices of one request, one behind the other."""
    if len(parts) == 1:
        return parts[0]
    return Prediction(
        pa.concat_tables([part.table for part in parts]),
        tuple(dict.fromkeys(w for part in parts for w in part.warnings))[:_MOST_WARNINGS],
        sum(part.seconds for part in parts),
    )
