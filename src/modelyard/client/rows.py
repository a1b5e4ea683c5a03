"""Rows as callers have them, to Arrow and back."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pyarrow as pa

from modelyard.errors import InvalidValue

Kind = Literal["arrow", "pandas", "columns", "records"]


def to_table(rows: object) -> tuple[pa.Table, Kind]:
    """Rows as an Arrow table, and what they were.

    ``rows`` is an Arrow table, a dict of columns, a list of records or a pandas data frame.

    Raises:
        InvalidValue: anything else, or values that no column can hold.
    """
    try:
        if isinstance(rows, pa.Table):
            return rows, "arrow"
        if isinstance(rows, pa.RecordBatch):
            return pa.Table.from_batches([rows]), "arrow"
        pandas = sys.modules.get("pandas")  # a frame of it exists only where it is imported
        if pandas is not None and isinstance(rows, pandas.DataFrame):
            return pa.Table.from_pandas(rows, preserve_index=False), "pandas"
        if isinstance(rows, Mapping):
            return pa.table({str(k): _column(v) for k, v in rows.items()}), "columns"
        if isinstance(rows, Sequence) and all(isinstance(r, Mapping) for r in rows):
            # Every record counts, not the first alone: a key may be missing from some.
            names = list(dict.fromkeys(k for record in rows for k in record))
            return pa.table({str(n): [r.get(n) for r in rows] for n in names}), "records"
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as e:
        raise InvalidValue(f"These rows cannot be columns: {e}") from e
    raise InvalidValue(
        f"Rows are an Arrow table, a dict of columns, a list of records or a pandas data frame, "
        f"not {type(rows).__name__}."
    )


def like(table: pa.Table, kind: Kind) -> Any:
    """The table as rows of this kind."""
    match kind:
        case "arrow":
            return table
        case "pandas":
            return table.to_pandas()
        case "columns":
            return _plain(table).to_pydict()
        case "records":
            return _plain(table).to_pylist()


def to_stream(table: pa.Table) -> bytes:
    """The table as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def from_stream(data: bytes) -> pa.Table:
    """The inverse of :func:`to_stream`."""
    return pa.ipc.open_stream(data).read_all()


def _column(values: object) -> Any:
    return [values] if isinstance(values, str | int | float | bool) or values is None else values


def _plain(table: pa.Table) -> pa.Table:
    # Python's own datetime counts microseconds; Arrow refuses to hand it nanoseconds.
    for i, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            coarse = table.column(i).cast(pa.timestamp("us", tz=field.type.tz), safe=False)
            table = table.set_column(i, field.name, coarse)
    return table
