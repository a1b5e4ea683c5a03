"""Columns of dates and times brought to their declared type, exactly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modelyard.contract.instants import (
    NS,
    PER_SECOND,
    date_from_text,
    instant_from_text,
    wall_to_instant,
    zone,
)
from modelyard.contract.kinds import decoded, mismatch
from modelyard.contract.problems import Problems, shown
from modelyard.errors import InvalidSignature, InvalidValue
from modelyard.signature import Column

_DAY_MS = 86_400_000


def fit_date(given: pa.ChunkedArray, column: Column, problems: Problems) -> pa.ChunkedArray | None:
    """Dates, or text such as ``2024-01-31``; a time is not taken for its day."""
    if pa.types.is_date32(given.type):
        return given
    if pa.types.is_date64(given.type):
        try:
            return given.cast(pa.date32())
        except pa.ArrowInvalid:
            _far_days(given, column, problems)
            return None
    text = decoded(given)
    if text is None:
        mismatch(given, column, problems)
        return None
    return _each(text, date_from_text, pa.int32(), column, problems)


def _far_days(given: pa.ChunkedArray, column: Column, problems: Problems) -> None:
    days = pc.divide(given.cast(pa.int64()), _DAY_MS).fill_null(0).to_numpy()
    rows = np.flatnonzero((days < -(2**31)) | (days >= 2**31))
    reason = "further from 1970 than days are counted"
    problems.add_rows(column.name, rows, lambda _: (InvalidValue, reason))


def fit_timestamp(
    given: pa.ChunkedArray, column: Column, problems: Problems
) -> pa.ChunkedArray | None:
    """Instants; or times and texts without an offset, read in the column's time zone."""
    local = zone(column.tz)
    if local is None:
        problems.add(InvalidSignature, f"unknown time zone {shown(column.tz)}", column.name)
        return None
    if pa.types.is_timestamp(given.type):
        try:
            exact = given.cast(pa.timestamp("ns", tz=given.type.tz))
        except pa.ArrowInvalid:
            _out_of_range(given, column, problems)
            return None
        if given.type.tz is not None:
            return exact.cast(column.arrow_type)
        if local is UTC:
            return exact.cast(pa.int64()).cast(column.arrow_type)
        read = partial(wall_to_instant, local=local)
        return _each(exact.cast(pa.int64()), read, pa.int64(), column, problems)
    text = decoded(given)
    if text is None:
        mismatch(given, column, problems)
        return None
    return _each(text, partial(instant_from_text, local=local), pa.int64(), column, problems)


def _out_of_range(given: pa.ChunkedArray, column: Column, problems: Problems) -> None:
    ns = NS // PER_SECOND[given.type.unit]
    counts = given.cast(pa.int64()).fill_null(0).to_numpy()
    most = 2**63 // ns - 1
    rows = np.flatnonzero((counts < -most) | (counts > most))
    reason = "outside the years 1678 to 2261 that nanoseconds reach"
    problems.add_rows(column.name, rows, lambda _: (InvalidValue, reason))


def _each(
    given: pa.ChunkedArray,
    read: Callable[[Any], int],
    storage: pa.DataType,
    column: Column,
    problems: Problems,
) -> pa.ChunkedArray | None:
    """Read each distinct value once; scoring rows repeat their days and times."""
    encoded = given.combine_chunks().dictionary_encode()
    values = encoded.dictionary.to_pylist()
    counts: list[int | None] = []
    reasons: dict[int, str] = {}
    for code, value in enumerate(values):
        try:
            counts.append(read(value))
        except ValueError as e:
            counts.append(None)
            reasons[code] = f"{shown(value)} {e}"
    if not reasons:
        found = pa.array(counts, storage).take(encoded.indices).cast(column.arrow_type)
        return pa.chunked_array([found])
    codes = pc.fill_null(encoded.indices, -1).to_numpy()
    rows = np.flatnonzero(np.isin(codes, list(reasons)))
    problems.add_rows(column.name, rows, lambda row: (InvalidValue, reasons[int(codes[row])]))
    return None
