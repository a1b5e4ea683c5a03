"""Rows as an Arrow IPC stream, and back with every buffer checked."""

from __future__ import annotations

import pyarrow as pa

from modelyard.errors import MalformedRequest, TooLarge


def read_arrow(body: bytes | bytearray) -> pa.Table:
    """An Arrow IPC stream as a table; nothing of it points outside its own bytes.

    Raises:
        MalformedRequest: for anything else.
        TooLarge: when its buffers cannot be had in memory.
    """
    try:
        with pa.ipc.open_stream(pa.py_buffer(body)) as stream:
            table = stream.read_all()
        table.validate(full=True)
    except pa.ArrowMemoryError as e:
        raise TooLarge("The Arrow stream needs more memory than there is.") from e
    except (pa.ArrowException, OSError, ValueError, KeyError, NotImplementedError) as e:
        raise MalformedRequest("The body is not an Arrow stream that can be read.") from e
    return table


def write_arrow(table: pa.Table) -> bytes:
    """A table as an Arrow IPC stream."""
    stream: bytes = arrow_buffer(table).to_pybytes()
    return stream


def arrow_buffer(table: pa.Table) -> pa.Buffer:
    """The same without a copy into Python's bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()
