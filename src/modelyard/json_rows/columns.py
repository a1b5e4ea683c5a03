"""One column of JSON cells brought to an Arrow column: exactly, or refused with row and reason."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from modelyard.contract.columns import fit_column
from modelyard.contract.numbers import MAX_EXACT, MAX_INT, judge_integer
from modelyard.contract.problems import Problems, shown
from modelyard.errors import (
    IntegerOutOfRange,
    Invalid,
    InvalidValue,
    PrecisionLoss,
    TypeMismatch,
)
from modelyard.signature import Column

NOT_FINITE = {"NaN": math.nan, "Inf": math.inf, "-Inf": -math.inf}
"""How doubles that JSON has no numbers for are written."""

_SCALARS = frozenset({float, int, bool, str, type(None)})


class _Refused(Exception):
    def __init__(self, kind: type[Invalid], reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


def cells_to_column(
    cells: Sequence[Any], column: Column, problems: Problems
) -> pa.ChunkedArray | None:
    """The cells in exactly ``column.arrow_type``, or None when a problem was added."""
    read = _CELL.get(column.type)
    source = {"double": pa.float64(), "integer": pa.int32(), "boolean": pa.bool_()}
    values = (
        _texts(cells, column, problems) if read is None else _read(cells, read, column, problems)
    )
    if values is None:
        return None
    array = pa.array(values, source.get(column.type, pa.string()))
    return fit_column(pa.chunked_array([array]), column, problems)


def _read(
    cells: Sequence[Any], read: Callable[[Any], Any], column: Column, problems: Problems
) -> Sequence[Any] | None:
    if read is _double and all(type(c) is float and c - c == 0.0 for c in cells):
        return cells
    out, before = [], len(problems)
    for row, cell in enumerate(cells):
        try:
            out.append(None if cell is None or cell == "NA" else read(cell))
        except _Refused as e:
            problems.add(e.kind, e.reason, column.name, row)
    return out if len(problems) == before else None


def _double(cell: Any) -> float:
    if type(cell) is float:
        if not math.isfinite(cell):
            raise _Refused(InvalidValue, "a number larger than any double")
        return cell
    if type(cell) is int:
        if abs(cell) > MAX_EXACT:
            raise _Refused(PrecisionLoss, f"{shown(cell)} is more than a double holds exactly")
        return float(cell)
    if type(cell) is str and cell in NOT_FINITE:
        return NOT_FINITE[cell]
    raise _Refused(TypeMismatch, f"{_word(cell)} given, double expected")


def _integer(cell: Any) -> int:
    if type(cell) is int:
        if abs(cell) > MAX_INT:
            reason = f"{shown(cell)} is outside R's integers, -2147483647 to 2147483647"
            raise _Refused(IntegerOutOfRange, reason)
        return cell
    if type(cell) is float:
        if not math.isfinite(cell):
            raise _Refused(InvalidValue, "a number larger than any double")
        if not cell.is_integer() or abs(cell) > MAX_INT:
            raise _Refused(*judge_integer(cell))
        return int(cell)
    raise _Refused(TypeMismatch, f"{_word(cell)} given, integer expected")


def _boolean(cell: Any) -> bool:
    if type(cell) is bool:
        return cell
    raise _Refused(TypeMismatch, f"{_word(cell)} given, boolean expected")


_CELL: dict[str, Callable[[Any], Any]] = {
    "double": _double,
    "integer": _integer,
    "boolean": _boolean,
}


def _texts(cells: Sequence[Any], column: Column, problems: Problems) -> Sequence[str | None] | None:
    before = len(problems)
    for row, cell in enumerate(cells):
        if cell is None:
            continue
        if type(cell) is not str:
            expected = f"{_word(cell)} given, {column.type} expected"
            problems.add(TypeMismatch, expected, column.name, row)
        elif (wrong := wrong_text(cell)) is not None:
            problems.add(InvalidValue, wrong, column.name, row)
    return cells if len(problems) == before else None


def wrong_text(text: str) -> str | None:
    """Why this text cannot be a value or a name, or None when it can."""
    if "\0" in text:
        return "text with a NUL character"
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        return "text with half of a surrogate pair"
    return None


def _word(cell: Any) -> str:
    if isinstance(cell, str):
        return f"text {shown(cell)}"
    if isinstance(cell, bool):
        return "true or false"
    if isinstance(cell, int | float):
        return f"number {shown(cell)}"
    return "an array" if isinstance(cell, list) else "an object"


def guess_column(cells: Sequence[Any], name: str, problems: Problems) -> Column:
    """The column these cells would be, when no signature says so.

    Whole numbers are integer when R's integers hold all of them, else double. ``NA``, ``NaN``,
    ``Inf`` and ``-Inf`` count as numbers beside numbers (``NA`` beside booleans, too).
    """
    kinds = set(map(type, cells)) - {type(None)}
    said = {c for c in cells if type(c) is str} if str in kinds and len(kinds) > 1 else set()
    if not kinds or kinds == {bool} or (kinds == {bool, str} and said <= {"NA"}):
        return Column(name, "boolean")
    if kinds == {int} or (kinds == {int, str} and said <= {"NA"}):
        fits = all(abs(c) <= MAX_INT for c in cells if type(c) is int)
        return Column(name, "integer" if fits else "double")
    if kinds <= {int, float} or (kinds <= {int, float, str} and said and said <= _NUMBERS):
        return Column(name, "double")
    if kinds != {str}:
        first = next(type(c) for c in cells if c is not None)
        odd = next((i for i, c in enumerate(cells) if _is_odd(c, first)), 0)
        reason = f"{_word(cells[odd])} among values of another kind"
        problems.add(TypeMismatch, reason, name, odd)
    return Column(name, "string")


_NUMBERS = frozenset({"NA", *NOT_FINITE})


def _is_odd(cell: Any, first: type) -> bool:
    if cell is None:
        return False
    return type(cell) not in _SCALARS or type(cell) is not first
