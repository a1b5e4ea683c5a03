"""One column of rows brought to its declared type: exactly, or refused with the row and reason.

Each ``fit_*`` function takes the column as it came (any Arrow type) and gives it in the declared
column's Arrow type, or None after adding what is wrong to ``problems``. A column that is already
of its type is handed on without a copy.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from modelyard.contract.kinds import all_missing, is_text
from modelyard.contract.numbers import fit_boolean, fit_double, fit_integer
from modelyard.contract.problems import Problems
from modelyard.contract.texts import fit_factor, fit_string
from modelyard.contract.times import fit_date, fit_timestamp
from modelyard.errors import InvalidValue, MalformedRequest, NullNotAllowed
from modelyard.signature import Column

_FIT: dict[str, Callable[[pa.ChunkedArray, Column, Problems], pa.ChunkedArray | None]] = {
    "double": fit_double,
    "integer": fit_integer,
    "boolean": fit_boolean,
    "string": fit_string,
    "factor": fit_factor,
    "date": fit_date,
    "timestamp": fit_timestamp,
}


def fit_column(
    given: pa.ChunkedArray, column: Column, problems: Problems
) -> pa.ChunkedArray | None:
    """The column in exactly ``column.arrow_type``, or None when a problem was added."""
    if not _is_sound(given, column.name, problems):
        return None
    before = len(problems)
    if given.null_count == len(given) and _can_stand_for_missing(given.type, column):
        fitted: pa.ChunkedArray | None = all_missing(column, len(given))
    else:
        fitted = _FIT[column.type](given, column, problems)
    if fitted is not None and not column.nullable and fitted.null_count:
        rows = np.flatnonzero(fitted.is_null().to_numpy())
        problems.add_rows(column.name, rows, lambda _: (NullNotAllowed, "missing value"))
    return fitted if len(problems) == before else None


def _can_stand_for_missing(kind: pa.DataType, column: Column) -> bool:
    # A column of nothing but NA is logical in R, whatever it was meant to be; and a column of
    # no rows tells nothing by its type. A factor has its levels all the same.
    is_factor = column.type == "factor" and pa.types.is_dictionary(kind)
    return not pa.types.is_nested(kind) and not (is_factor and is_text(kind.value_type))


def _is_sound(given: pa.ChunkedArray, name: str, problems: Problems) -> bool:
    try:
        given.validate(full=True)
    except pa.ArrowInvalid:
        row = _first_not_utf8(given)
        if row is None:
            problems.add(MalformedRequest, "its Arrow data are damaged", name)
        else:
            problems.add(InvalidValue, "text that is not UTF-8", name, row)
        return False
    return True


def _first_not_utf8(given: pa.ChunkedArray) -> int | None:
    if not is_text(given.type):
        return None
    try:
        for chunk in given.chunks:
            chunk.validate()
        values = pa.chunked_array([c.cast(pa.large_binary()) for c in given.chunks]).to_pylist()
    except pa.ArrowException:
        return None
    for row, value in enumerate(values):
        try:
            (value or b"").decode()
        except UnicodeDecodeError:
            return row
    return None
