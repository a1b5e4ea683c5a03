"""What a service was asked and answered, row by row, in Parquet files of the account.

``inferences/<database>/<schema>/<model>/<version>/<service>/`` in the home holds a file for about
each minute, or each 100,000 rows. A file is written beside and renamed: whoever reads sees all of
it or none.
"""

from __future__ import annotations

import os
import time
import uuid
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa

from modelyard.names import Qualified, key
from modelyard.registry.types import ModelVersion
from modelyard.services.options import Options
from modelyard.services.ring import Ring

EVERY_S = 1.0
MOST_WAITING_BYTES = 16 * 2**20
"""Of the bodies of requests that wait to be gathered."""
FILE_S, FILE_ROWS, FILE_BYTES = 60.0, 100_000, 64 * 2**20
STAMP = "%Y%m%dT%H%M%S"
"""The time in UTC with which the name of a file begins."""
INPUT, OUTPUT = "request.data.", "response.data."
ABOUT = pa.schema(
    [
        ("timestamp", pa.timestamp("us", "UTC")),
        ("request_id", pa.string()),
        ("row", pa.int32()),
        ("version", pa.string()),
        ("service", pa.string()),
        ("latency_ms", pa.float64()),
    ]
)
"""The columns that every file begins with."""

Inference = tuple["Capture", float, str, float, Any, int, pa.Table]
"""Where it belongs, UNIX time, request, seconds, its rows, how many, the rows of its answer."""


def place_of(home: Path, model: Qualified) -> Path:
    """The folder of a model's inferences."""
    return home.joinpath("inferences", *model.key)


@dataclass(slots=True, eq=False)
class Capture:
    """What is kept of the requests to one version.

    ``table`` joins the rows of several requests; only the thread that writes calls it.
    """

    folder: Path
    version: str
    service: str
    table: Callable[[Sequence[Any]], pa.Table]
    kept_of_2_32: int
    without: frozenset[str]
    gathered: list[pa.Table] = field(default_factory=list)
    requests: int = 0
    since: float = 0.0

    @classmethod
    def of(
        cls,
        home: Path,
        version: ModelVersion,
        service: Qualified,
        options: Options,
        table: Callable[[Sequence[Any]], pa.Table],
    ) -> Capture:
        """As the deploy said."""
        share = 1.0 if options.autocapture_sample is None else options.autocapture_sample
        folder = place_of(home, version.model) / key(version.name) / ".".join(service.key)
        without = frozenset(map(key, options.autocapture_drop))
        return cls(folder, version.name, str(service), table, int(share * 2**32), without)

    def wants(self, request_id: str) -> bool:
        """Whether this request is in the sample: the same request always is, or never."""
        return zlib.crc32(request_id.encode()) < self.kept_of_2_32


class InferenceLog:
    """Gathers inferences by their version, and writes them once they fill a file."""

    def __init__(self) -> None:
        self.lost = 0
        self._open: list[Capture] = []

    def take(self, things: list[Inference]) -> None:
        """Make a table of them."""
        for capture, some in groupby(things, key=itemgetter(0)):
            inferences = list(some)
            table = _table(capture, inferences)
            if not capture.gathered:
                capture.since = time.monotonic()
                self._open.append(capture)
            capture.gathered.append(table)
            capture.requests += len(inferences)

    def flush(self, *, last: bool) -> None:
        """Write the files that are full or due; one that cannot be written is lost."""
        failed = None
        for capture in [c for c in self._open if last or _is_due(c)]:
            tables, requests = capture.gathered, capture.requests
            capture.gathered, capture.requests = [], 0
            self._open.remove(capture)
            try:
                _write(capture.folder, pa.concat_tables(tables))
            except Exception as e:  # the files of other versions are still to be written
                self.lost += requests
                failed = e
        if failed is not None:
            raise failed


def inference_log() -> Ring:
    """A ring whose things are :data:`Inference`."""
    return Ring("inference-log", InferenceLog(), MOST_WAITING_BYTES, EVERY_S)


def _is_due(capture: Capture) -> bool:
    return (
        time.monotonic() - capture.since >= FILE_S
        or sum(t.num_rows for t in capture.gathered) >= FILE_ROWS
        or sum(t.nbytes for t in capture.gathered) >= FILE_BYTES
    )


def _table(capture: Capture, inferences: Sequence[Inference]) -> pa.Table:
    inputs = capture.table([rows for _, _, _, _, rows, _, _ in inferences])
    outputs = pa.concat_tables([answer for *_, answer in inferences])
    asked = [count for *_, count, _ in inferences]
    answered = [answer.num_rows for *_, answer in inferences]
    rows = [max(pair) for pair in zip(asked, answered, strict=True)]

    def each(values: Sequence[Any]) -> list[Any]:
        return [v for v, n in zip(values, rows, strict=True) for _ in range(n)]

    about = pa.table(
        [
            each([int(at * 1e6) for _, at, *_ in inferences]),
            each([request for _, _, request, *_ in inferences]),
            [i for n in rows for i in range(n)],
            [capture.version] * sum(rows),
            [capture.service] * sum(rows),
            each([1000 * seconds for _, _, _, seconds, *_ in inferences]),
        ],
        schema=ABOUT,
    )
    for prefix, table, counts in ((INPUT, inputs, asked), (OUTPUT, outputs, answered)):
        if counts != rows:
            table = table.take(_padded(counts, rows))
        for column, cells in zip(table.column_names, table.columns, strict=True):
            if key(column) not in capture.without:
                about = about.append_column(prefix + column, _plain(cells))
    return about


def _padded(counts: Sequence[int], rows: Sequence[int]) -> pa.Array:
    """Positions of the rows of requests, with missing ones after those that have fewer."""
    found: list[int | None] = []
    start = 0
    for count, n in zip(counts, rows, strict=True):
        found += [*range(start, start + count), *[None] * (n - count)]
        start += count
    return pa.array(found, pa.int64())


def _plain(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    return cells.cast(pa.string()) if pa.types.is_dictionary(cells.type) else cells


def _write(folder: Path, table: pa.Table) -> None:
    from pyarrow.parquet import write_table  # only a service that keeps inferences pays for it

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"{datetime.now(UTC):{STAMP}}-{uuid.uuid4().hex[:8]}.parquet"
    beside = folder / f".{name}"
    try:
        with beside.open("xb") as out:
            write_table(table, out, compression="zstd")
            out.flush()
            os.fsync(out.fileno())
        beside.replace(folder / name)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
