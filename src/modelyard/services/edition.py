"""One version that answers: its contract, its workers, and the way of a request through both."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any, TypeVar

import msgspec
import pyarrow as pa

from modelyard.account import Account
from modelyard.contract import check_inputs, check_outputs, empty_answer
from modelyard.errors import Invalid, ModelFault, ModelyardError
from modelyard.json_rows import Body, Limits, decode_rows, encode_answer, records_of
from modelyard.json_rows.regular import Plain, PlainRows
from modelyard.registry.types import ModelVersion
from modelyard.runtime.arrow import read_arrow
from modelyard.runtime.r.rds import read_frame
from modelyard.scoring.frames import JSON, RDS, Answer, Call, numbers, written
from modelyard.scoring.refusal import OF_THE_BODY, named
from modelyard.services.inference_log import Capture
from modelyard.services.metrics import Latencies, Role, VersionFigures
from modelyard.services.records import Records
from modelyard.services.scaling import Load, Range, next_size
from modelyard.services.types import ServiceSpec
from modelyard.workers.crew import Crew
from modelyard.workers.requests import Part, Rules, Waiting

log = logging.getLogger("modelyard.services")
T = TypeVar("T")
_LEAST_WEIGHT = 256
"""Bytes of what is kept of a request beside its rows."""
SMALL_BYTES = 64 * 1024
"""Bodies of more are read, and their answers written, in a thread."""


class Read(msgspec.Struct, frozen=True, gc=False):
    """The rows of a request that fit: plain ones as lists, others as a table."""

    rows: Any
    count: int
    index: Sequence[Any] | None
    notes: tuple[str, ...]
    form: str = ""
    echo: Any = None


class Edition:
    """A version and its crew. Its methods are for the event loop's thread."""

    def __init__(
        self,
        account: Account,
        version: ModelVersion,
        threads: Executor,
        spec: ServiceSpec,
        records: Records,
        role: Role = "current",
    ) -> None:
        manifest, settings = version.manifest, account.settings
        self.version = version
        self._role = role
        options = spec.options
        self._records = records
        self._capture = (
            Capture.of(settings.home, version, spec.name, options, self._table)
            if options.autocapture
            else None
        )
        self._reading = 0
        self._latencies = Latencies()
        self._failures: Counter[str] = Counter()
        self._signature = manifest.signature
        self._limits = Limits.of(settings)
        self._threads = threads
        self._plain = PlainRows(manifest.signature.inputs)
        same_rows = manifest.signature.rows == "same"
        rules = Rules(
            table=self._table,
            check=lambda table, count: check_outputs(table, manifest.signature, count),
            joins=manifest.checks.row_independent and manifest.checks.deterministic and same_rows,
            seeded=not manifest.checks.deterministic,
            most_rows=options.max_batch_rows or settings.joined_rows,
            most_growth_bytes=settings.worker_growth_bytes,
        )
        self._range = Range.of(options)
        self._patience_s = settings.worker_idle_s
        self._stepped = asyncio.get_running_loop().time()
        start = partial(account.workers.hand_out, manifest)
        self.crew = Crew(start, threads, rules, max(self._range.least, 1))

    def scale(self) -> None:
        """Have as many workers as the load asks for."""
        crew, now = self.crew, asyncio.get_running_loop().time()
        load = Load(
            crew.size,
            crew.waiting,
            crew.busy,
            crew.queue_s(),
            now - crew.idle_since,
            now - self._stepped,
        )
        size = next_size(load, self._range, self._patience_s)
        if size != crew.size:
            log.info("%s: %d workers wanted, not %d", self.version, size, crew.size)
            self._stepped = now
            crew.resize(size)

    async def answer(
        self, call: Call, request_id: str, until: float, is_gone: Callable[[], bool]
    ) -> Answer:
        """Score one request, by the loop's time ``until``.

        Raises:
            Invalid: what its rows break.
            ModelFault: what the model did.
            Overloaded: too many wait, or none of the workers came free in time.
        """
        loop = asyncio.get_running_loop()
        begun, lead = loop.time(), request_id
        warnings: tuple[str, ...] = ()
        part: Part | None = None
        is_small = len(call.body) <= SMALL_BYTES
        try:
            read = self._read(call) if is_small else await self._read_in_thread(call)
            if read.count == 0:
                body = written(call, self.version, empty_answer(self._signature), read)
            else:
                one = Waiting(
                    read.rows,
                    read.count,
                    len(call.body),
                    request_id,
                    until,
                    loop.create_future(),
                    is_gone,
                )
                self.crew.submit(one)
                part = await one.future
                lead, warnings = part.call.lead, part.call.warnings
                if is_small and call.answer_form == JSON and call.dialect is None:
                    body = self._written(read, part)
                elif is_small:
                    body = written(call, self.version, part.table, read)
                else:
                    body = await self._in_thread(written, call, self.version, part.table, read)
        except ModelyardError as e:
            self._failures[e.code] += 1
            if isinstance(e, Invalid | ModelFault) and not isinstance(e, OF_THE_BODY):
                raise named(e, self.version) from e
            raise
        took = loop.time() - begun
        self._latencies.observe(took)
        at, capture = time.time(), self._capture
        self._records.requests.put(
            (at, request_id, self.version.name, read.count, took, lead, warnings)
        )
        if capture is not None and part is not None and capture.wants(request_id):
            self._records.inferences.put(
                (capture, at, request_id, took, read.rows, read.count, part.table),
                len(call.body) + _LEAST_WEIGHT,
            )
        name, rows = self.version.name, self._signature.rows
        return Answer(body.data, body.form, name, rows, read.notes, warnings, body.headers)

    async def close(self) -> None:
        """Let all that has begun, be it only being read, have its answer, and end the workers."""
        while self._reading:
            await asyncio.sleep(0.02)
        await self.crew.drained()
        self.crew.close()

    def refused(self, request_id: str, error: ModelyardError) -> None:
        """Have it written what was wrong with a request that no caller waits for."""
        self._records.refuse(request_id, error.code, f"{self.version.name} as shadow: {error}")

    def figures(self) -> VersionFigures:
        """What there is to tell of it now."""
        crew, counted = self.crew, self.crew.figures
        return VersionFigures(
            version=self.version.name,
            role=self._role,
            latencies=self._latencies.buckets(),
            total_s=self._latencies.total_s,
            failures=dict(self._failures),
            joined=dict(counted.joined),
            rows=counted.rows,
            waiting=crew.waiting,
            oldest_s=crew.queue_s(),
            workers=crew.workers,
            busy=crew.busy,
            wanted=crew.size,
            starts=counted.starts,
            crashes=counted.crashes,
            dropped=counted.dropped,
            refused=counted.refused,
        )

    async def _read_in_thread(self, call: Call) -> Read:
        self._reading += 1
        try:
            return await self._in_thread(self._read, call)
        finally:
            self._reading -= 1

    def _read(self, call: Call) -> Read:
        if call.dialect is not None:
            return self._decoded(call)
        if call.form == JSON:
            return self._read_json(call)
        if call.form == RDS:
            rows = read_frame(memoryview(call.body), max_columns=self._limits.columns)
        else:
            rows = read_arrow(call.body, self._limits.binary_bytes)
        checked = check_inputs(
            rows, self._signature.inputs, strict=call.strict, max_columns=self._limits.columns
        )
        return Read(checked.table, rows.num_rows, None, checked.notes)

    def _read_json(self, call: Call) -> Read:
        if (plain := self._plain.read(call.body, self._limits)) is not None:
            return Read(plain, plain.count, plain.index, (), plain.form)
        return self._decoded(call)

    def _decoded(self, call: Call) -> Read:
        found = decode_rows(
            bytes(call.body),
            self._signature.inputs,
            strict=call.strict,
            limits=self._limits,
            dialect=call.dialect,
        )
        return Read(
            found.table, found.table.num_rows, found.index, found.notes, found.form, found.echo
        )

    def _table(self, requests: Sequence[Any]) -> pa.Table:
        """One table of the rows of several requests."""
        if all(type(rows) is Plain for rows in requests):
            return self._plain.table(requests)
        tables = [self._plain.table([r]) if type(r) is Plain else r for r in requests]
        return pa.concat_tables(tables)

    def _written(self, read: Read, part: Part) -> Body:
        """As JSON: the records of a call are made once, for all its requests."""
        call = part.call
        try:
            if call.kept is None:
                call.kept = records_of(call.table)
            records = call.kept[part.start : part.stop]
        except ModelyardError:  # it may be the rows of others that JSON cannot hold
            records = records_of(part.table)
        return Body(encode_answer(read.form, numbers(read, len(records)), records), JSON)

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
