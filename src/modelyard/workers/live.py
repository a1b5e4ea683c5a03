"""A loaded worker whose conversation does not block: one event loop asks, callbacks are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any

import pyarrow as pa

from modelyard.errors import ModelyardError, WorkerCrashed
from modelyard.runtime import messages as m
from modelyard.runtime.base import Prediction
from modelyard.workers.lease import CALL_ROWS, Worker, joined
from modelyard.workers.requests import tried

Told = Callable[[Prediction | ModelyardError], None]

_USUAL_BYTES = 64 * 1024


class LiveWorker(asyncio.BufferedProtocol):
    """Its methods are for the loop's thread; ending a process blocks and is left to ``threads``."""

    def __init__(
        self, worker: Worker, threads: Executor, lost: Callable[[LiveWorker], None]
    ) -> None:
        self._worker = worker
        self._threads = threads
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._call: _Call | None = None
        self._most_bytes: int | None = None
        self._filled = 0
        self._view = memoryview(b"")
        self._reset()

    async def open(self) -> None:
        """Begin the conversation."""
        sock, self._most_bytes = self._worker.detach()
        await self._loop.create_unix_connection(lambda: self, sock=sock)

    @property
    def is_spent(self) -> bool:
        """Whether it did not begin its last request, since an earlier one had spoiled it."""
        return self._worker.is_spent

    @property
    def usable(self) -> bool:
        """Whether it can take a request."""
        return self._worker.usable

    def has_grown(self, most_bytes: int) -> bool:
        """Whether its memory has grown by more since its model was loaded."""
        return self._worker.grown_bytes() > most_bytes

    def ask(
        self,
        rows: pa.Table,
        request_id: str,
        seed: int | None,
        until: float,
        then: Told,
        *,
        split: bool = False,
    ) -> None:
        """Score rows that fit the contract; ``then`` is told what came of it, once.

        ``until`` is the loop's time at which it is ended. One request at a time.
        """
        slices = [rows]
        if split and rows.num_rows > CALL_ROWS:
            starts = range(0, rows.num_rows, CALL_ROWS)
            slices = [rows.slice(start, CALL_ROWS) for start in starts]
        timer = self._loop.call_at(until, self._late, until - self._loop.time())
        self._call = _Call(m.Predict(request_id, seed), slices[::-1], timer, then)
        self._send()

    def end(self) -> None:
        """End the process; whoever asked it something is told that it is gone."""
        if self._call is None:
            self._worker.usable = False
            self._threads.submit(self._worker.end)
        self._transport.abort()

    def connection_made(self, transport: Any) -> None:
        """Part of the protocol."""
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        """Part of the protocol."""
        return self._view[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Part of the protocol: take what came, and tell when it is a whole message."""
        self._filled += nbytes
        if self._filled < m.LENGTHS_BYTES:
            return
        try:
            size, head = m.sizes_of(self._view[: m.LENGTHS_BYTES], self._most_bytes)
            end = m.LENGTHS_BYTES + size + head
            if end > len(self._view):
                self._grow(end)
            if self._filled < end:
                return
            if self._call is None or self._filled > end:
                raise m.Garbled("what it was not asked")
            rows = self._view[m.LENGTHS_BYTES : m.LENGTHS_BYTES + size]
            reply = m.decoded(self._view[m.LENGTHS_BYTES + size : end])
        except m.Garbled as e:
            self._fail(partial(self._worker.garbled, e))
            return
        if len(self._view) == _USUAL_BYTES:
            rows = memoryview(bytes(rows))  # the buffer is used again
            self._filled = 0
        else:
            self._reset()
        self._understand(reply, rows)

    def eof_received(self) -> None:
        """Part of the protocol."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of the protocol: it hung up."""
        if self._call is not None:
            self._fail(self._worker.crashed)
        elif self._worker.usable:
            self._worker.usable = False
            self._threads.submit(self._worker.end)
            self._lost(self)

    def _reset(self) -> None:
        self._view = memoryview(bytearray(m.SKEW + _USUAL_BYTES))[m.SKEW :]
        self._filled = 0

    def _grow(self, size: int) -> None:
        larger = memoryview(bytearray(m.SKEW + size))[m.SKEW :]
        larger[: self._filled] = self._view[: self._filled]
        self._view = larger

    def _send(self) -> None:
        call = self._call
        assert call is not None
        sent = tried(self._message, call.message, call.left.pop())
        if isinstance(sent, ModelyardError):
            self._fail(lambda: sent)
            return
        self._transport.write(sent)

    def _message(self, message: m.Predict, rows: pa.Table) -> bytes:
        return b"".join(m.parts_of(message, self._worker.pieces(rows)))

    def _understand(self, reply: m.Message, rows: memoryview) -> None:
        call = self._call
        assert call is not None
        if not isinstance(reply, m.Answer):  # rare, and it may end the process
            self._fail(partial(self._refused, reply, rows))
            return
        try:
            call.parts.append(self._worker.prediction(reply, rows))
        except ModelyardError as e:
            self._finish(e)
            return
        if call.left:
            self._send()
        else:
            self._finish(joined(call.parts))

    def _refused(self, reply: m.Message, rows: memoryview) -> ModelyardError:
        try:
            self._worker.prediction(reply, rows)
        except ModelyardError as e:
            return e
        return WorkerCrashed("The model's R process answered twice.")

    def _late(self, seconds: float) -> None:
        self._fail(partial(self._worker.late, seconds))

    def _fail(self, error: Callable[[], ModelyardError]) -> None:
        """Find out in a thread what to tell: the process may have to be ended for it."""
        call, self._call = self._call, None
        if call is None:  # it spoke unasked
            self._transport.abort()
            return
        call.timer.cancel()
        found = self._loop.run_in_executor(self._threads, tried, error)
        found.add_done_callback(lambda done: call.then(done.result()))

    def _finish(self, outcome: Prediction | ModelyardError) -> None:
        call, self._call = self._call, None
        assert call is not None
        call.timer.cancel()
        call.then(outcome)


class _Call:
    """A request under way: slices of its rows that are left, last one first, and what came."""

    __slots__ = ("left", "message", "parts", "then", "timer")

    def __init__(
        self, message: m.Predict, left: list[pa.Table], timer: asyncio.TimerHandle, then: Told
    ) -> None:
        self.message = message
        self.left = left
        self.timer = timer
        self.then = then
        self.parts: list[Prediction] = []
