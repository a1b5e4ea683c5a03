"""Columns of numbers and booleans brought to their declared type, exactly."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modelyard.contract.kinds import all_missing, decoded, mismatch
from modelyard.contract.missing import is_na
from modelyard.contract.problems import Problems, shown
from modelyard.errors import IntegerOutOfRange, Invalid, PrecisionLoss, TypeMismatch
from modelyard.signature import Column

MAX_EXACT = 2**53
"""The largest integer up to which a double holds every integer."""
MAX_INT = 2**31 - 1
"""R's largest integer; the smallest is its negative, as -2147483648 is R's NA."""


def fit_double(
    given: pa.ChunkedArray, column: Column, problems: Problems
) -> pa.ChunkedArray | None:
    """Doubles, and integers and decimals that are one exactly."""
    kind = given.type
    if pa.types.is_float64(kind):
        return nulls_of_r(given)
    if pa.types.is_floating(kind):
        return given.cast(pa.float64())
    if pa.types.is_integer(kind):
        reason = "more than a double holds exactly"
        if not _within(given, MAX_EXACT, column.name, problems, PrecisionLoss, reason):
            return None
        return given.cast(pa.float64())
    if pa.types.is_decimal(kind):
        return _decimals(given, column, problems, _double_of_decimal)
    return missing_or_mismatch(given, column, problems)


def nulls_of_r(given: pa.ChunkedArray) -> pa.ChunkedArray:
    """R's NA is one NaN among the others, and R takes it for missing: so it is null here."""
    found = [
        is_na((chunk.fill_null(0.0) if chunk.null_count else chunk).to_numpy())
        for chunk in given.chunks
    ]
    if not any(odd is not None and odd.any() for odd in found):
        return given
    arrays = [
        chunk if odd is None else pc.if_else(pa.array(odd), pa.scalar(None, pa.float64()), chunk)
        for chunk, odd in zip(given.chunks, found, strict=True)
    ]
    return pa.chunked_array(arrays, pa.float64())


def _within(
    given: pa.ChunkedArray,
    limit: int,
    name: str,
    problems: Problems,
    kind: type[Invalid],
    reason: str,
) -> bool:
    ends = pc.min_max(given).as_py()
    if ends["min"] is None or (-limit <= ends["min"] and ends["max"] <= limit):
        return True
    values = given.to_pylist()
    rows = [i for i, v in enumerate(values) if v is not None and abs(v) > limit]
    problems.add_rows(name, rows, lambda row: (kind, f"{shown(values[row])} is {reason}"))
    return False


def fit_integer(
    given: pa.ChunkedArray, column: Column, problems: Problems
) -> pa.ChunkedArray | None:
    """R's 32-bit integers, and numbers that are one exactly."""
    kind = given.type
    if pa.types.is_integer(kind):
        reason = "outside R's integers, -2147483647 to 2147483647"
        if not _within(given, MAX_INT, column.name, problems, IntegerOutOfRange, reason):
            return None
        return given if kind == pa.int32() else given.cast(pa.int32())
    if pa.types.is_floating(kind):
        return _integers_of_doubles(nulls_of_r(given.cast(pa.float64())), column, problems)
    if pa.types.is_decimal(kind):
        return _decimals(given, column, problems, _integer_of_decimal)
    return missing_or_mismatch(given, column, problems)


def _integers_of_doubles(
    given: pa.ChunkedArray, column: Column, problems: Problems
) -> pa.ChunkedArray | None:
    values = pc.fill_null(given, 0.0).to_numpy()
    with np.errstate(invalid="ignore"):
        good = (np.trunc(values) == values) & (np.abs(values) <= MAX_INT)
    if not good.all():
        rows = np.flatnonzero(~good)
        problems.add_rows(column.name, rows, lambda row: judge_integer(float(values[row])))
        return None
    return given.cast(pa.int32())


def judge_integer(value: float) -> tuple[type[Invalid], str]:
    """Why this double is no integer of R's."""
    if value.is_integer():
        return IntegerOutOfRange, f"{value!r} is outside R's integers, -2147483647 to 2147483647"
    return TypeMismatch, f"{value!r} is not an integer"


def _decimals(
    given: pa.ChunkedArray,
    column: Column,
    problems: Problems,
    convert: Callable[[object], float | int],
) -> pa.ChunkedArray | None:
    out: list[float | int | None] = []
    before = len(problems)
    for row, value in enumerate(given.to_pylist()):
        try:
            out.append(None if value is None else convert(value))
        except Invalid as e:
            problems.add(type(e), e.message, column.name, row)
    return pa.chunked_array([pa.array(out, column.arrow_type)]) if len(problems) == before else None


def _double_of_decimal(value: object) -> float:
    double = float(str(value))
    if Decimal(repr(double)) != value:
        raise PrecisionLoss(f"{value} has more digits than a double holds")
    return double


def _integer_of_decimal(value: object) -> int:
    whole = int(Decimal(str(value)))
    if whole != value:
        raise TypeMismatch(f"{value} is not an integer")
    if abs(whole) > MAX_INT:
        raise IntegerOutOfRange(f"{value} is outside R's integers, -2147483647 to 2147483647")
    return whole


def fit_boolean(
    given: pa.ChunkedArray, column: Column, problems: Problems
) -> pa.ChunkedArray | None:
    """Booleans and nothing else: 0 and 1 are numbers."""
    if pa.types.is_boolean(given.type):
        return given
    return missing_or_mismatch(given, column, problems)


def missing_or_mismatch(
    given: pa.ChunkedArray, column: Column, problems: Problems
) -> pa.ChunkedArray | None:
    """Numbers and booleans may come as text only where every cell says ``NA``."""
    text = decoded(given)
    if text is None:
        mismatch(given, column, problems)
        return None
    said = pc.fill_null(pc.not_equal(text, "NA"), False).to_numpy()
    if said.any():
        rows = np.flatnonzero(said)
        problems.add_rows(
            column.name,
            rows,
            lambda row: (
                TypeMismatch,
                f"text {shown(text[row].as_py())} given, {column.type} expected",
            ),
        )
        return None
    return all_missing(column, len(given))
