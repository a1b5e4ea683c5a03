"""Rows as an Arrow IPC stream, and back with every buffer checked."""

from __future__ import annotations

import pyarrow as pa

from modelyard.errors import MalformedRequest, TooLarge


def read_arrow(body: bytes | bytearray | pa.Buffer, most_bytes: int | None = None) -> pa.Table:
    """An Arrow IPC stream as a table; nothing of it points outside its own bytes.

    Raises:
        MalformedRequest: for anything else.
        TooLarge: when its buffers cannot be had in memory, or its rows would take more than
            ``most_bytes`` once they are written out.
    """
    try:
        with pa.ipc.open_stream(pa.py_buffer(body)) as stream:
            table = stream.read_all()
        for field in table.schema:
            _ = field.name, getattr(field.type, "tz", None)  # raises where either is no text
        table.validate(full=True)
    except pa.ArrowMemoryError as e:
        raise TooLarge("The Arrow stream needs more memory than there is.") from e
    except (pa.ArrowException, OSError, ValueError, KeyError, NotImplementedError) as e:
        raise MalformedRequest("The body is not an Arrow stream that can be read.") from e
    if most_bytes is not None and _written_out(table) > most_bytes:
        raise TooLarge(f"The rows take more than the {most_bytes:,} bytes allowed.")
    return table


def _written_out(table: pa.Table) -> int:
    """Bytes, where a column that has none of its own counts eight for a row."""
    bare = sum(pa.types.is_null(t) or pa.types.is_run_end_encoded(t) for t in table.schema.types)
    own = int(table.nbytes)
    rows = int(table.num_rows)
    return own + 8 * int(bare) * rows


def write_arrow(table: pa.Table) -> bytes:
    """A table as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data
