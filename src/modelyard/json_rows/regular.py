"""JSON rows that plainly fit: every cell of its column's own JSON type, every name in its place.

Nearly all requests of a service are such. They are taken as they are, and wait as lists until
requests that wait together become one table. Whatever is not plain, be it right or wrong, is left
to ``decode_rows``, whose answer for plain rows is the same; a test holds the two to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pyarrow as pa

from modelyard.contract.numbers import MAX_EXACT, MAX_INT
from modelyard.signature import Column

Cells = Sequence[Sequence[Any]]
Fits = Callable[[Sequence[Any]], bool]


@dataclass(frozen=True, slots=True)
class Plain:
    """Rows as lists, one for each declared column; ``index`` numbers the rows of an answer."""

    cells: Cells
    count: int
    index: Sequence[Any]
    form: str


class PlainRows:
    """Reads plain rows of one signature, and makes tables of them."""

    def __init__(self, inputs: Sequence[Column]) -> None:
        self._names = [c.name for c in inputs]
        self._as_set = set(self._names)
        self._fits = [_fits(c) for c in inputs]
        self._array = [_array(c) for c in inputs]
        self._schema = pa.schema([(c.name, c.arrow_type) for c in inputs])

    def read(self, found: Any, max_rows: int) -> Plain | None:
        """The rows of a JSON value, or None where they are not plain."""
        if type(found) is list:
            return self._records(found, "records", max_rows)
        if type(found) is not dict or len(found) != 1:
            return None
        ((form, raw),) = found.items()
        if form == "dataframe_split":
            if type(raw) is not dict or raw.get("columns") != self._names:
                return None
            return self._by_position(raw.get("data"), form, 0, max_rows)
        if form == "data":
            return self._by_position(raw, form, 1, max_rows)
        return self._records(raw, form, max_rows) if form == "dataframe_records" else None

    def table(self, rows: Sequence[Plain]) -> pa.Table:
        """The rows of several requests, one behind the other."""
        if len(rows) == 1:
            columns = rows[0].cells
        else:
            joined = zip(*(r.cells for r in rows), strict=True)
            columns = [list(chain.from_iterable(parts)) for parts in joined]
        arrays = [make(cells) for make, cells in zip(self._array, columns, strict=True)]
        return pa.Table.from_arrays(arrays, schema=self._schema)

    def _by_position(self, rows: Any, form: str, skip: int, max_rows: int) -> Plain | None:
        width = len(self._names) + skip
        if type(rows) is not list or not 0 < len(rows) <= max_rows:
            return None
        for row in rows:
            if type(row) is not list or len(row) != width:
                return None
        columns = list(zip(*rows, strict=True))
        index: Sequence[Any] = range(len(rows))
        if skip:
            index = columns.pop(0)
            if set(map(type, index)) != {int}:
                return None
        return self._checked(columns, len(rows), index, form)

    def _records(self, rows: Any, form: str, max_rows: int) -> Plain | None:
        if type(rows) is not list or not 0 < len(rows) <= max_rows:
            return None
        for row in rows:
            if type(row) is not dict or row.keys() != self._as_set:
                return None
        columns = [[row[name] for row in rows] for name in self._names]
        return self._checked(columns, len(rows), range(len(rows)), form)

    def _checked(self, cells: Cells, count: int, index: Sequence[Any], form: str) -> Plain | None:
        for fits, column in zip(self._fits, cells, strict=True):
            if not fits(column):
                return None
        return Plain(cells, count, index, form)


def _fits(column: Column) -> Fits:
    """Whether cells are plainly of this column."""
    without_levels = column.type == "factor" and column.levels is None
    if column.unknown != "refuse" or column.type in ("date", "timestamp") or without_levels:
        return lambda _: False
    kinds: dict[str, set[type]] = {"double": {float, int}, "integer": {int}, "boolean": {bool}}
    own = kinds.get(column.type, {str})
    if column.nullable:
        own = {*own, type(None)}
    sound = {"double": _is_finite, "integer": _is_integer, "boolean": _all}.get(column.type)
    if sound is None:
        sound = _is_text if column.levels is None else _one_of(column.levels)
    return lambda cells: own.issuperset(map(type, cells)) and sound(cells)


def _all(_: Sequence[Any]) -> bool:
    return True


def _is_finite(cells: Sequence[Any]) -> bool:
    known = [c for c in cells if c is not None] if None in cells else cells
    # Numbers that a double may not hold exactly, and infinities, are not plain.
    total = sum(map(abs, known))
    if total <= MAX_EXACT:
        return True
    return total - total == 0.0 and all(type(c) is float or abs(c) <= MAX_EXACT for c in known)


def _is_integer(cells: Sequence[Any]) -> bool:
    return all(c is None or -MAX_INT <= c <= MAX_INT for c in cells)


def _is_text(cells: Sequence[Any]) -> bool:
    return all(c is None or (c.isascii() and "\0" not in c) for c in cells)


def _one_of(levels: Sequence[str]) -> Fits:
    known = {*levels, None}
    return lambda cells: known.issuperset(cells)


def _array(column: Column) -> Callable[[Sequence[Any]], pa.Array]:
    kind = column.arrow_type
    if column.type != "factor":
        return lambda cells: pa.array(cells, kind)
    codes = {level: code for code, level in enumerate(column.levels or ())}
    codes_of = codes.get
    levels = pa.array(column.levels or (), pa.string())
    return lambda cells: pa.DictionaryArray.from_arrays(
        pa.array(map(codes_of, cells), pa.int32()), levels, ordered=column.ordered
    )
