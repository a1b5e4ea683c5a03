"""Rows as JSON, read into typed columns with the contract's own rules and errors.

Four forms are read: ``{"dataframe_split": {"columns", "data"}}``, ``{"dataframe_records": [...]}``,
``{"data": [[i, ...], ...]}`` (values by position, or one object of them) and a bare list of
records. Cells: null, or the text NA for numbers and booleans, is missing; ``"NaN"``, ``"Inf"`` and
``"-Inf"`` are numbers of double columns; dates and times are ISO 8601 text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from modelyard.contract.matching import match_columns
from modelyard.contract.problems import Problems
from modelyard.contract.rows import no_rows, typed_table
from modelyard.errors import MalformedRequest, MissingColumn
from modelyard.json_rows.columns import cells_to_column, guess_column
from modelyard.json_rows.dialect import Dialect
from modelyard.json_rows.forms import Sheet, read_sheet
from modelyard.json_rows.limits import Limits
from modelyard.json_rows.text import read_json
from modelyard.signature import Column


@dataclass(frozen=True, slots=True)
class Decoded:
    """Rows that fit, and what an answer in the same form needs.

    ``index`` is what each row of the ``data`` form was numbered with, else positions from 0;
    ``form`` is ``dataframe_split``, ``dataframe_records``, ``data`` or ``records``, or one of
    another dialect; ``echo`` is what the answer of that repeats.
    """

    table: pa.Table
    index: list[Any]
    form: str
    notes: tuple[str, ...] = ()
    echo: Any = None


def decode_rows(
    body: bytes | memoryview,
    inputs: Sequence[Column],
    *,
    strict: bool = False,
    limits: Limits | None = None,
    dialect: Dialect | None = None,
) -> Decoded:
    """Read a body, in our JSON or a ``dialect``, and bring its rows to the declared inputs.

    They are checked as ``check_inputs`` does.

    Raises:
        MalformedRequest: when it is not JSON, or none of the forms.
        TooLarge: for more than the limits allow.
        Invalid: of the kind found first, as ``check_inputs`` raises.
    """
    limits = limits or Limits()
    if dialect is not None:
        sheet = dialect.read(body, inputs, limits)
    else:
        found = read_json(body, max_bytes=limits.size_bytes, max_depth=limits.depth)
        sheet = read_sheet(found, inputs, limits.rows)
    if sheet.count == 0 and not sheet.is_named:
        return Decoded(no_rows(inputs), [], sheet.form, echo=sheet.echo)
    problems = Problems()
    matched = match_columns(
        sheet.names, inputs, problems, strict=strict, max_columns=limits.columns
    )
    fitted = []
    for column, at in zip(inputs, matched.positions, strict=True):
        cells = None if at is None else _cells(sheet, at, column.name, problems)
        if cells is not None:
            fitted.append(cells_to_column(cells, column, problems))
    problems.raise_inputs(matched.hint)
    table = typed_table(fitted, inputs)
    return Decoded(table, sheet.index, sheet.form, matched.notes, sheet.echo)


def _cells(sheet: Sheet, at: int, name: str, problems: Problems) -> list[Any] | None:
    cells, absent = sheet.cells(at)
    problems.add_rows(name, absent, lambda _: (MissingColumn, "missing in this row"))
    return None if absent else cells


def decode_untyped(body: bytes | memoryview, limits: Limits | None = None) -> pa.Table:
    """Read a JSON body whose columns nobody has declared; each column's type is its cells' own.

    Whole numbers are integer (double when R's integers do not hold them), true and false boolean,
    text string; a column of nothing but null is boolean, as in R.

    Raises:
        MalformedRequest: when it is not JSON, or none of the forms, or has no names.
        TooLarge: for more than the limits allow.
        Invalid: for duplicate names, cells of different kinds, and values R cannot hold.
    """
    limits = limits or Limits()
    found = read_json(body, max_bytes=limits.size_bytes, max_depth=limits.depth)
    sheet = read_sheet(found, (), limits.rows)
    if sheet.count and not sheet.is_named:
        raise MalformedRequest("The rows have no column names.", hint="Send dataframe_split.")
    problems = Problems()
    match_columns(sheet.names, (), problems, max_columns=limits.columns)
    columns, arrays = [], []
    for at, name in enumerate(sheet.names):
        cells = _cells(sheet, at, name, problems)
        if cells is not None:
            before = len(problems)
            column = guess_column(cells, name, problems)
            if len(problems) == before:
                columns.append(column)
                arrays.append(cells_to_column(cells, column, problems))
    problems.raise_inputs(start="The rows cannot be read")
    return typed_table(arrays, columns)
