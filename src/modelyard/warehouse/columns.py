"""Columns as they leave and enter the warehouse: only types R has, and no number changed."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from modelyard.errors import Detail, DuplicateColumn, InvalidValue, PrecisionLoss

_R_INTEGER = 2**31 - 1
_EXACT = 2**53


def answer(table: pa.Table) -> pa.Table:
    """The same rows in types R has.

    Raises:
        InvalidValue: a column of a type R has no vector for, such as a list.
        DuplicateColumn: two columns with one name.
        PrecisionLoss: a whole number that neither an R integer nor a double holds.
    """
    _check_unique(table.column_names, "The answer", "Give one of them another name with AS.")
    named = zip(table.column_names, table.columns, strict=True)
    return _table({name: _answer_column(name, column) for name, column in named}, table.num_rows)


def storable(rows: pa.Table) -> pa.Table:
    """The same rows as the warehouse stores them: factors as text.

    Raises:
        InvalidValue: no columns, a column without a name, or a type that cannot be stored.
        DuplicateColumn: two names that differ in case only.
    """
    if rows.num_columns == 0:
        raise InvalidValue("A table needs at least one column.")
    if any(name == "" or "\0" in name for name in rows.column_names):
        raise InvalidValue("A table's columns have names that are not empty.")
    _check_unique(rows.column_names, "The table", "Names of columns match without case.")
    named = zip(rows.column_names, rows.columns, strict=True)
    return _table({name: _stored_column(name, column) for name, column in named}, rows.num_rows)


def _table(columns: dict[str, pa.ChunkedArray], rows: int) -> pa.Table:
    if not columns:
        return pa.table({})
    made = pa.table(columns)
    assert made.num_rows == rows
    return made


def _check_unique(names: list[str], what: str, hint: str) -> None:
    # The warehouse matches names without case, but two such columns of an answer are two columns.
    seen = names if what == "The answer" else [n.lower() for n in names]
    twice = [names[seen.index(n)] for n, count in Counter(seen).items() if count > 1]
    if twice:
        raise DuplicateColumn(
            f"{what} has the column {twice[0]!r} more than once.",
            hint=hint,
            details=[Detail("more than once", column=name) for name in twice],
        )


def _stored_column(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return column.cast(pa.string())
    if pa.types.is_null(kind):
        return column.cast(pa.bool_())
    return column if _is_plain(kind) or pa.types.is_integer(kind) else _refuse(name, kind)


def _answer_column(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_integer(kind):
        return _whole(name, column)
    if pa.types.is_decimal(kind):
        return _decimal(name, column)
    if pa.types.is_null(kind):
        return column.cast(pa.bool_())
    if pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type):
        return column.cast(pa.dictionary(pa.int32(), pa.string(), ordered=kind.ordered))
    if pa.types.is_float32(kind) or pa.types.is_float16(kind):
        return column.cast(pa.float64())
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    return column if _is_plain(kind) else _refuse(name, kind)


def _is_plain(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_boolean(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_date32(kind)
        or pa.types.is_timestamp(kind)
    )


def _refuse(name: str, kind: pa.DataType) -> pa.ChunkedArray:
    raise InvalidValue(
        f"Column {name!r} holds {kind}, which a data frame has no column for.",
        hint=f'Take it apart, or turn it into text: CAST("{name}" AS VARCHAR).',
        details=[Detail(f"holds {kind}", column=name)],
    )


def _whole(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    if column.type.bit_width < 32:
        return column.cast(pa.int32())
    bounds = pc.min_max(column)
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    if low is None or (low >= -_R_INTEGER and high <= _R_INTEGER):
        return column.cast(pa.int32())
    if low < -_EXACT or high > _EXACT:
        _too_large(name, column, pa.scalar(_EXACT, pa.int64()))
    return column.cast(pa.float64())


def _decimal(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    # With a scale a decimal is a measured number and becomes the nearest double; without one it
    # is a whole number (DuckDB's sums are), which must stay the same.
    if column.type.scale == 0:
        bounds = pc.min_max(column)
        low, high = bounds["min"].as_py(), bounds["max"].as_py()
        if low is not None and (low < -_EXACT or high > _EXACT):
            _too_large(name, column, pa.scalar(_EXACT).cast(column.type))
    return column.cast(pa.float64(), safe=False)


def _too_large(name: str, column: pa.ChunkedArray, limit: pa.Scalar) -> None:
    values = column.to_pylist()
    row = next(i for i, v in enumerate(values) if v is not None and abs(v) > limit.as_py())
    raise PrecisionLoss(
        f"Row {row + 1} of column {name!r} is {values[row]}, which a double cannot hold exactly.",
        hint=f'Take it as text: CAST("{name}" AS VARCHAR).',
        details=[Detail("more than 2^53", column=name, row=row + 1)],
    )
