"""JSON rows that plainly fit: every cell of its column's own JSON type, every name in its place.

Nearly all requests of a service are such. They are read by a decoder made for the signature, and
wait as lists until requests that wait together become one table. Whatever is not plain, be it right
or wrong, is left to ``decode_rows``, whose answer for plain rows is the same; a test holds the two
to it.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Sequence
from itertools import chain
from types import GenericAlias
from typing import Annotated, Any, Literal

import msgspec
import pyarrow as pa
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import astuple

from modelyard.contract.numbers import MAX_EXACT, MAX_INT
from modelyard.json_rows.limits import Limits
from modelyard.signature import Column

_MINUS_ZERO = re.compile(rb"-0(?![.\deE])")
_DOUBLE = pa.float64()


class Plain(msgspec.Struct, frozen=True, gc=False):
    """Rows, each with a cell for each declared column; ``index`` numbers those of an answer."""

    rows: Sequence[tuple[Any, ...]]
    count: int
    index: Sequence[Any]
    form: str


class PlainRows:
    """Reads plain rows of one signature, and makes tables of them."""

    def __init__(self, inputs: Sequence[Column]) -> None:
        self._width = len(inputs)
        self._decode = _decoder(inputs)
        self._texts = [i for i, c in enumerate(inputs) if c.type in ("string", "factor")]
        self._free = [i for i, c in enumerate(inputs) if c.type == "string" and c.levels is None]
        self._array = [_array(c) for c in inputs]
        self._schema = pa.schema([(c.name, c.arrow_type) for c in inputs])

    def read(self, body: bytes | bytearray, limits: Limits) -> Plain | None:
        """The rows of a body, or None where they are not plain."""
        decode = self._decode
        # The decoder takes -0 for 0; texts that are written with \ are not counted below.
        if decode is None or len(body) > limits.size_bytes or b"\\" in body:
            return None
        if _MINUS_ZERO.search(body):
            return None
        try:
            found = decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        plain, names = self._read(found)
        if plain is None or not 0 < plain.count <= limits.rows:
            return None
        texts = sum(row[i] is not None for i in self._texts for row in plain.rows)
        # Of a name that is twice in one object the decoder keeps the last and says nothing.
        if body.count(b'"') != 2 * (names + texts):
            return None
        is_usual = all(_is_usual(row[i]) for i in self._free for row in plain.rows)
        return plain if is_usual else None

    def _read(self, found: Any) -> tuple[Plain | None, int]:
        """The rows, and how many names and column names they came with."""
        width = self._width
        if type(found) is list:
            return _plain(list(map(astuple, found)), "records"), width * len(found)
        records, split, data = astuple(found)
        if records is not UNSET and split is UNSET and data is UNSET:
            rows = list(map(astuple, records))
            return _plain(rows, "dataframe_records"), 1 + width * len(rows)
        if split is not UNSET and records is UNSET and data is UNSET:
            return _plain(split.data, "dataframe_split"), 3 + width
        if data is not UNSET and records is UNSET and split is UNSET:
            index = [row[0] for row in data]
            return Plain([row[1:] for row in data], len(data), index, "data"), 1
        return None, 0

    def table(self, rows: Sequence[Plain]) -> pa.Table:
        """The rows of several requests, one behind the other."""
        columns = zip(*chain.from_iterable(r.rows for r in rows), strict=True)
        arrays = [make(cells) for make, cells in zip(self._array, columns, strict=True)]
        return pa.Table.from_arrays(arrays, schema=self._schema)


def _plain(rows: Sequence[tuple[Any, ...]], form: str) -> Plain:
    return Plain(rows, len(rows), range(len(rows)), form)


def _decoder(inputs: Sequence[Column]) -> Callable[[bytes | bytearray], Any] | None:
    """Decodes a body whose rows plainly fit, in any of the forms, and refuses every other; None
    where there is a column that is never plain."""
    kinds = [_kind(c) for c in inputs]
    # A name that JSON has to escape is no name for the decoder, and not in a body without \\.
    if not inputs or None in kinds or any(_is_escaped(c.name) for c in inputs):
        return None
    row: Any = msgspec.defstruct(
        "Row",
        [(f"_{i}", kind) for i, kind in enumerate(kinds)],
        rename={f"_{i}": c.name for i, c in enumerate(inputs)},
        forbid_unknown_fields=True,
        gc=False,
    )
    names: Any = GenericAlias(tuple, tuple(Literal[c.name] for c in inputs))
    cells: Any = GenericAlias(tuple, tuple(kinds))
    numbered: Any = GenericAlias(tuple, (int, *kinds))
    split: Any = msgspec.defstruct(
        "Split", [("columns", names), ("data", list[cells])], forbid_unknown_fields=True, gc=False
    )
    body: Any = msgspec.defstruct(
        "Body",
        [
            ("dataframe_records", list[row] | UnsetType, UNSET),
            ("dataframe_split", split | UnsetType, UNSET),
            ("data", list[numbered] | UnsetType, UNSET),
        ],
        forbid_unknown_fields=True,
        gc=False,
    )
    return msgspec.json.Decoder(list[row] | body).decode


def _is_escaped(name: str) -> bool:
    return any(char in '"\\' or char < " " for char in name)


def _kind(column: Column) -> Any:
    """The type of a plain cell; None: no cell of this column is ever plain."""
    if column.unknown != "refuse":
        return None
    kind: Any
    match column.type:
        case "double":
            kind = float | Annotated[int, Meta(ge=-MAX_EXACT, le=MAX_EXACT)]
        case "integer":
            kind = Annotated[int, Meta(ge=-MAX_INT, le=MAX_INT)]
        case "boolean":
            kind = bool
        case "string" | "factor" if column.levels:
            kind = Literal[column.levels]
        case "string" if column.levels is None:
            kind = str
        case _:
            return None
    return kind | None if column.nullable else kind


def _is_usual(text: str | None) -> bool:
    return text is None or (text.isascii() and "\0" not in text)


def _array(column: Column) -> Callable[[Sequence[Any]], pa.Array]:
    kind = column.arrow_type
    if column.type == "double":
        return _doubles
    if column.type != "factor":
        return lambda cells: pa.array(cells, kind)
    codes = {level: code for code, level in enumerate(column.levels or ())}
    codes_of = codes.get
    levels = pa.array(column.levels or (), pa.string())
    return lambda cells: pa.DictionaryArray.from_arrays(
        pa.array(map(codes_of, cells), pa.int32()), levels, ordered=column.ordered
    )


def _doubles(cells: Sequence[Any]) -> pa.Array:
    try:
        values = array("d", cells)
    except TypeError:  # there are nulls
        return pa.array(cells, _DOUBLE)
    return pa.Array.from_buffers(_DOUBLE, len(values), [None, pa.py_buffer(values)])
