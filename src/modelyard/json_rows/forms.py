"""The forms in which rows come as JSON, each read into one sheet of names and cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from modelyard.contract.problems import shown
from modelyard.errors import InvalidValue, MalformedRequest, TooLarge
from modelyard.json_rows.columns import wrong_text
from modelyard.signature import Column

Cells = Callable[[int], tuple[list[Any], list[int]]]

_HINT = (
    'Send {"dataframe_split": {"columns": [...], "data": [[...], ...]}}, '
    '{"dataframe_records": [{...}, ...]} or {"data": [[0, ...], ...]}.'
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows as they came.

    ``cells(j)`` gives column ``j``'s cells, and the positions of rows that have none (their cells
    are left out). ``is_named`` tells whether the names were sent or taken from the signature.
    ``echo`` is what an answer repeats of the request.
    """

    form: str
    names: Sequence[str]
    count: int
    index: list[Any]
    cells: Cells
    is_named: bool = True
    echo: Any = None


def read_sheet(found: Any, inputs: Sequence[Column], max_rows: int) -> Sheet:
    """Find out the form; ``inputs`` name the values of rows that are sent by position.

    Raises:
        MalformedRequest: when it is none of the forms.
        TooLarge: for more than ``max_rows`` rows.
        InvalidValue: for a name that cannot be one.
    """
    return check_names(_read(found, inputs, max_rows))


def check_names(sheet: Sheet) -> Sheet:
    """The same sheet.

    Raises:
        InvalidValue: for a name that cannot be one.
    """
    for name in sheet.names:
        if (wrong := wrong_text(name)) is not None:
            raise InvalidValue(f"The column name {shown(name)} is {wrong}.")
    return sheet


def _read(found: Any, inputs: Sequence[Column], max_rows: int) -> Sheet:
    if isinstance(found, list):
        return records_sheet("records", found, max_rows)
    if not isinstance(found, dict):
        raise MalformedRequest("The body is neither an object nor an array.", hint=_HINT)
    if found.get("params"):
        raise MalformedRequest(
            "The body has params, and a request cannot change how a version predicts.",
            hint="It is fixed when a version is logged: predict_args in sfr_log_model().",
        )
    forms = [f for f in ("dataframe_split", "dataframe_records", "data") if f in found]
    if len(forms) != 1:
        count = "none" if not forms else "more than one"
        raise MalformedRequest(f"The body has {count} of the forms rows come in.", hint=_HINT)
    if forms == ["dataframe_split"]:
        return _split(found["dataframe_split"], max_rows)
    if forms == ["dataframe_records"]:
        return records_sheet("dataframe_records", found["dataframe_records"], max_rows)
    if "columns" in found:
        return _split(found, max_rows)
    return _data(found["data"], inputs, max_rows)


def rows_of(raw: Any, what: str, max_rows: int) -> list[Any]:
    """``raw``, when it is an array of no more than ``max_rows``."""
    if not isinstance(raw, list):
        raise MalformedRequest(f"{what} is not an array of rows.", hint=_HINT)
    if len(raw) > max_rows:
        raise TooLarge(
            f"{len(raw):,} rows are more than the {max_rows:,} allowed in JSON.",
            hint="Send more rows in R's serialised form or as an Arrow stream.",
        )
    return raw


def _split(raw: Any, max_rows: int) -> Sheet:
    if not isinstance(raw, dict) or not isinstance(raw.get("columns"), list):
        raise MalformedRequest("dataframe_split has no array of columns.", hint=_HINT)
    names, data = raw["columns"], rows_of(raw.get("data"), "dataframe_split's data", max_rows)
    if not all(isinstance(n, str) for n in names):
        raise MalformedRequest("dataframe_split's columns are not all text.", hint=_HINT)
    check_widths(data, len(names), "cells")
    index = raw.get("index")
    if isinstance(index, list) and len(index) != len(data):
        raise MalformedRequest(
            f"dataframe_split's index has {len(index)} values, its data {len(data)} rows."
        )
    return Sheet("dataframe_split", names, len(data), list(range(len(data))), by_position(data, 0))


def check_widths(rows: list[Any], width: int, what: str) -> None:
    """Make sure that every row is an array of ``width``."""
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list):
            raise MalformedRequest(f"Row {number} is not an array.", hint=_HINT)
        if len(row) != width:
            raise MalformedRequest(f"Row {number} has {len(row):,} {what}, not {width:,}.")


def by_position(rows: list[list[Any]], skip: int) -> Cells:
    """The cells of rows that are arrays, after the first ``skip`` of each."""
    return lambda at: ([row[at + skip] for row in rows], [])


def columns_sheet(form: str, names: Sequence[str], cells: Sequence[list[Any]], count: int) -> Sheet:
    """Columns that are there already, ``count`` cells each."""
    return Sheet(form, names, count, list(range(count)), lambda at: (cells[at], []))


def records_sheet(form: str, raw: Any, max_rows: int, index: list[Any] | None = None) -> Sheet:
    """Rows that are objects; one may lack a column."""
    rows = rows_of(raw, "The body" if form == "records" else form, max_rows)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise MalformedRequest(f"Row {number} is not an object.", hint=_HINT)
    names = list(dict.fromkeys(name for row in rows for name in row))

    def cells(at: int) -> tuple[list[Any], list[int]]:
        name = names[at]
        found = [row[name] for row in rows if name in row]
        absent = len(found) < len(rows)
        return found, [i for i, row in enumerate(rows) if name not in row] if absent else []

    index = list(range(len(rows))) if index is None else index
    return Sheet(form, names, len(rows), index, cells, is_named=bool(rows))


def _data(raw: Any, inputs: Sequence[Column], max_rows: int) -> Sheet:
    rows = rows_of(raw, "data", max_rows)
    if rows and isinstance(rows[0], list) and len(rows[0]) == 2 and isinstance(rows[0][1], dict):
        check_widths(rows, 2, "parts")
        index = _index(rows)
        return records_sheet("data", [row[1] for row in rows], max_rows, index)
    if not inputs and rows:
        raise MalformedRequest("The rows have no column names.", hint="Send dataframe_split.")
    check_widths(rows, len(inputs) + 1, "parts (its number, then its cells)")
    names = [c.name for c in inputs]
    return Sheet("data", names, len(rows), _index(rows), by_position(rows, 1), is_named=bool(rows))


def _index(rows: list[list[Any]]) -> list[Any]:
    index = [row[0] for row in rows]
    for number, i in enumerate(index, 1):
        is_number = type(i) is int or (isinstance(i, float) and math.isfinite(i))
        if not is_number and not (isinstance(i, str) and wrong_text(i) is None):
            raise MalformedRequest(f"Row {number} is not numbered with a number or a text.")
    return index
