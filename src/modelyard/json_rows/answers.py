"""Rows written as JSON: numbers in their shortest text that reads back to the same bits.

NaN and the infinities are the strings ``"NaN"``, ``"Inf"``, ``"-Inf"``, a missing value is null,
-0.0 keeps its sign; dates and times are ISO 8601, times with their offset; factors are text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC
from typing import Any

import msgspec
import pyarrow as pa

from modelyard.contract.instants import NS, PER_SECOND, text_from_instant, zone
from modelyard.errors import DuplicateColumn, InvalidSignature, InvalidValue

_encoder = msgspec.json.Encoder(decimal_format="number")


def encode_answer(form: str, index: Sequence[Any], records: Sequence[dict[str, Any]]) -> bytes:
    """``[{column: value, ...}, ...]`` for rows that came so (``form`` is records); for all others
    ``{"data": [[i, {column: value, ...}], ...]}``, where ``index`` has each row's ``i``.
    """
    if form == "records":
        return _encoder.encode(records)
    return _encoder.encode({"data": list(zip(index, records, strict=True))})


def encode(value: Any) -> bytes:
    """Any value of JSON, its numbers in their shortest text."""
    return _encoder.encode(value)


def encode_records(table: pa.Table) -> bytes:
    """``[{column: value, ...}, ...]``.

    Raises:
        DuplicateColumn: when two columns have one name.
    """
    return _encoder.encode(records_of(table))


def encode_split(table: pa.Table) -> bytes:
    """``{"index": [0, ...], "columns": [...], "data": [[...], ...]}``."""
    cells = [cells_of(column) for column in table.columns]
    data = list(zip(*cells, strict=True)) if cells else [()] * table.num_rows
    return _encoder.encode(
        {"index": list(range(table.num_rows)), "columns": table.column_names, "data": data}
    )


def records_of(table: pa.Table) -> list[dict[str, Any]]:
    """Each row as an object of what JSON writes.

    Raises:
        DuplicateColumn: when two columns have one name.
    """
    names = table.column_names
    if len(set(names)) < len(names):
        twice = next(name for name, count in Counter(names).items() if count > 1)
        raise DuplicateColumn(f"The column {twice} is there more than once.")
    cells = [cells_of(column) for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]


def cells_of(column: pa.ChunkedArray) -> list[Any]:
    """A column as JSON writes its values."""
    kind = column.type
    if pa.types.is_floating(kind):
        return _doubles(column)
    if pa.types.is_timestamp(kind):
        return _times(column)
    if pa.types.is_date(kind):
        return _dates(column)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_nested(kind):
        raise InvalidSignature(f"Values of type {kind} have no form in JSON here.")
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        raise InvalidValue("A column holds text that is not UTF-8.") from None


def _doubles(column: pa.ChunkedArray) -> list[Any]:
    values: list[Any] = column.to_pylist()
    if column.null_count == 0:
        total = sum(values)
        if total - total == 0.0:  # a sum of finite numbers, as nearly all are
            return values
    return [v if v is None or v - v == 0.0 else _not_finite(v) for v in values]


def _not_finite(value: float) -> str:
    return "NaN" if value != value else "Inf" if value > 0 else "-Inf"


def _dates(column: pa.ChunkedArray) -> list[str | None]:
    try:
        return [None if v is None else v.isoformat() for v in column.to_pylist()]
    except OverflowError:
        raise InvalidValue("A column holds a date outside the years 1 to 9999.") from None


def _times(column: pa.ChunkedArray) -> list[str | None]:
    local = zone(column.type.tz or "UTC") or UTC
    scale = NS // PER_SECOND[column.type.unit]
    counts = column.cast(pa.int64()).to_pylist()
    try:
        return [None if c is None else text_from_instant(c * scale, local) for c in counts]
    except OverflowError:
        raise InvalidValue("A column holds a time outside the years 1 to 9999.") from None
