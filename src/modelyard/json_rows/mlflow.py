"""Rows as MLflow's scoring server takes them, and its ``{"predictions": [...]}``.

Of its forms ``dataframe_split`` and ``dataframe_records`` are ours too. ``instances`` is an array
of records, or of arrays with a value for each column in the signature's order; ``inputs`` an
object of columns, or the same as ``instances``. CSV has a header line; an empty field is missing.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from modelyard.contract.matching import match_columns
from modelyard.contract.problems import Problems, shown
from modelyard.errors import InvalidValue, MalformedRequest, TooLarge
from modelyard.json_rows.answers import encode, records_of
from modelyard.json_rows.dialect import Body
from modelyard.json_rows.forms import (
    Sheet,
    by_position,
    check_names,
    check_widths,
    columns_sheet,
    read_sheet,
    records_sheet,
    rows_of,
)
from modelyard.json_rows.limits import Limits
from modelyard.json_rows.text import read_json
from modelyard.signature import Column

_HINT = "Send dataframe_split, dataframe_records, instances or inputs."
_NUMBER = re.compile(r"[+-]?([0-9]+)(\.[0-9]*)?([eE][+-]?[0-9]+)?|[+-]?\.[0-9]+([eE][+-]?[0-9]+)?")
_WORDS = {"true": True, "false": False}


class MlflowJson:
    """MLflow's JSON."""

    def read(
        self, body: bytes | bytearray | memoryview, inputs: Sequence[Column], limits: Limits
    ) -> Sheet:
        """The rows of one of MLflow's four forms.

        Raises:
            MalformedRequest: when it is none of them, or has ``params``.
            TooLarge: for more than the limits allow.
        """
        found = read_json(body, max_bytes=limits.size_bytes, max_depth=limits.depth)
        theirs = [f for f in ("instances", "inputs") if isinstance(found, dict) and f in found]
        if not theirs:
            return read_sheet(found, inputs, limits.rows)
        if len(found) > 1:
            others = ", ".join(shown(key) for key in found if key != theirs[0])
            raise MalformedRequest(f"The body has {theirs[0]}, and also {others}.", hint=_HINT)
        return check_names(_tensor(theirs[0], found[theirs[0]], inputs, limits.rows))

    def write(self, table: pa.Table, echo: Any, model: str, version: str) -> Body:
        """A record for each row, as MLflow answers for models that give data frames."""
        return Body(encode({"predictions": records_of(table)}))


class MlflowCsv(MlflowJson):
    """CSV in, JSON out."""

    def read(
        self, body: bytes | bytearray | memoryview, inputs: Sequence[Column], limits: Limits
    ) -> Sheet:
        """The rows of a CSV text with a header.

        Raises:
            MalformedRequest: when it is no such text in UTF-8.
            TooLarge: for more than the limits allow.
        """
        if len(body) > limits.size_bytes:
            raise TooLarge(f"{len(body):,} bytes of CSV are more than {limits.size_bytes:,}.")
        try:
            lines = list(csv.reader(io.StringIO(_text(body), newline=""), strict=True))
        except UnicodeDecodeError as e:
            raise MalformedRequest(f"The body is not UTF-8: byte {e.start + 1} is wrong.") from None
        except csv.Error as e:
            raise MalformedRequest(f"The body is not CSV: {e}.") from None
        if not lines:
            raise MalformedRequest("The body is empty.", hint="Send a header, then rows.")
        names, rows = lines[0], rows_of(lines[1:], "The body", limits.rows)
        check_widths(rows, len(names), "cells")
        kinds = _kinds(names, inputs, limits.columns)
        cells = [
            [_cell(row[at], kinds.get(at, "string")) for row in rows] for at in range(len(names))
        ]
        return check_names(columns_sheet("csv", names, cells, len(rows)))


def _text(body: bytes | bytearray | memoryview) -> str:
    """The text of a body in UTF-8, without the mark that Excel writes before it."""
    return bytes(body).decode().removeprefix("\ufeff")


def _kinds(names: Sequence[str], inputs: Sequence[Column], most: int) -> dict[int, str]:
    """The type of the input that each column given will be; the contract tells what is wrong."""
    matched = match_columns(names, inputs, Problems(), max_columns=most)
    return {
        at: column.type
        for column, at in zip(inputs, matched.positions, strict=True)
        if at is not None
    }


def _tensor(form: str, raw: Any, inputs: Sequence[Column], max_rows: int) -> Sheet:
    if form == "inputs" and isinstance(raw, dict):
        columns = {name: _column(name, cells, max_rows) for name, cells in raw.items()}
        counts = {len(cells) for cells in columns.values()}
        if len(counts) != 1:
            raise MalformedRequest("The columns of inputs are not of one length.", hint=_HINT)
        return columns_sheet(form, list(columns), list(columns.values()), counts.pop())
    rows = rows_of(raw, form, max_rows)
    if rows and isinstance(rows[0], dict):
        return records_sheet(form, rows, max_rows)
    check_widths(rows, len(inputs), "values")
    names = [c.name for c in inputs]
    return Sheet(form, names, len(rows), list(range(len(rows))), by_position(rows, 0), bool(rows))


def _column(name: str, cells: Any, max_rows: int) -> list[Any]:
    """A column of values, each alone or in an array of its own, as NumPy's ``[n, 1]`` is."""
    values = rows_of(cells, f"The column {shown(name)} of inputs", max_rows)
    return [v[0] if isinstance(v, list) and len(v) == 1 else v for v in values]


def _cell(text: str, kind: str) -> Any:
    """A field as the JSON it would have been; what is none stays text, and the contract's."""
    if text == "":
        return None
    if kind == "boolean":
        return _WORDS.get(text.lower(), text)
    if kind not in ("double", "integer"):
        return text
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    if number[1] is None or number[2] or number[3] or (text[0] == "-" and not text.strip("-0")):
        return float(text)
    try:
        return int(text)
    except ValueError:
        raise InvalidValue("A number of the body has thousands of digits.") from None
