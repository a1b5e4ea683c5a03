"""Rows as the bodies of requests, and answers as columns: nothing here is shared with the product.

A told column is what ``drive.R`` printed: ``name``, ``kind`` and ``values`` as text, None for NA.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

Told = dict[str, Any]
Value = float | str | bool | None
Columns = dict[str, list[Value]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ARROW = {
    "double": pa.float64(),
    "integer": pa.int32(),
    "boolean": pa.bool_(),
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def values_of(column: Told) -> list[Any]:
    """The values of a told column, each as Python has it."""
    read = {
        "double": float.fromhex,
        "integer": lambda text: int(float.fromhex(text)),
        "boolean": lambda text: text == "TRUE",
        "date": lambda text: date(1970, 1, 1) + timedelta(days=float.fromhex(text)),
        "timestamp": lambda text: _EPOCH + timedelta(seconds=float.fromhex(text)),
    }.get(column["kind"], str)
    return [None if text is None else read(text) for text in column["values"]]


def columns_of(told: Sequence[Told]) -> Columns:
    """What R answered: numbers as doubles, whatever R holds them in."""
    found: Columns = {}
    for column in told:
        values = values_of(column)
        if column["kind"] == "integer":
            values = [None if v is None else float(v) for v in values]
        found[column["name"]] = values
    return found


def json_body(given: Sequence[Told], rows: int) -> bytes:
    """``dataframe_split``, as a client would write it by hand."""
    columns = [[_json_value(v) for v in values_of(c)] for c in given]
    data = [[column[i] for column in columns] for i in range(rows)]
    split = {"index": list(range(rows)), "columns": [c["name"] for c in given], "data": data}
    return json.dumps({"dataframe_split": split}, allow_nan=False).encode()


def _json_value(value: Any) -> Any:
    if isinstance(value, float):
        if value != value:
            return "NaN"
        return value if abs(value) != float("inf") else ("Inf" if value > 0 else "-Inf")
    return value.isoformat() if isinstance(value, date) else value


def arrow_body(given: Sequence[Told]) -> bytes:
    """An Arrow stream, with factors as dictionaries of their own levels."""
    arrays = [_arrow_column(c) for c in given]
    table = pa.Table.from_arrays(arrays, names=[c["name"] for c in given])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _arrow_column(column: Told) -> pa.Array:
    values = values_of(column)
    if column["kind"] != "factor":
        return pa.array(values, _ARROW[column["kind"]], from_pandas=False)
    levels = column["levels"]
    codes = pa.array([None if v is None else levels.index(v) for v in values], pa.int32())
    return pa.DictionaryArray.from_arrays(
        codes, pa.array(levels, pa.string()), ordered=column["ordered"]
    )


def json_columns(body: bytes, expected: Columns) -> Columns:
    """The columns of ``{"data": [[i, {name: value}], ...]}``; without rows it names none."""
    data = json.loads(body)["data"]
    assert [i for i, _ in data] == list(range(len(data)))
    names = list(data[0][1]) if data else list(expected)
    return {
        name: [_from_json(cells[name], expected.get(name, ())) for _, cells in data]
        for name in names
    }


def _from_json(value: Any, like: Sequence[Value]) -> Value:
    is_text = any(isinstance(v, str) for v in like)
    if isinstance(value, str) and not is_text and value in ("NaN", "Inf", "-Inf"):
        return float(value)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def arrow_columns(body: bytes) -> Columns:
    table = pa.ipc.open_stream(body).read_all()
    return {
        name: [float(v) if type(v) is int else v for v in table[name].to_pylist()]
        for name in table.column_names
    }
