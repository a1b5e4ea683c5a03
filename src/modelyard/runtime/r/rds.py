"""A data frame in R's serialised form, read into Arrow without running any R; and written.

What it takes: logical, integer, double and character columns, factors, Date and POSIXct, and long
text packed as a raw vector of class ``modelyard_strings``. Everything else is refused by name.
NA becomes null, NaN stays NaN. Numbers are views into the bytes where these lie aligned.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from modelyard.contract.instants import seconds_to_instants, zone
from modelyard.contract.missing import is_na
from modelyard.contract.problems import ascii_safe
from modelyard.errors import Detail, InvalidSignature, InvalidValue, MalformedRequest, TooLarge
from modelyard.runtime.r.codes import (
    COMPLEX,
    INTEGER,
    LIST,
    LOGICAL,
    NA_INTEGER,
    NIL,
    RAW,
    REAL,
    STRING,
)
from modelyard.runtime.r.rds_form import frame_end, frame_names, frame_start
from modelyard.runtime.r.rds_text import packed_texts, texts
from modelyard.runtime.r.rds_write import write_frame
from modelyard.runtime.r.serialized import MAX_BYTES, Compact, Node, Texts, Walker, expand
from modelyard.signature import MAX_COLUMNS

__all__ = ["read_frame", "write_frame"]

_DOUBLE = pa.float64()
_DOUBLES = struct.Struct("<iI")
MAX_SPELLED_OUT = 2**28
"""Bytes that sequences such as ``1:n``, a few bytes on the wire, may take in one frame."""


def read_frame(
    data: bytes | memoryview, *, max_bytes: int = MAX_BYTES, max_columns: int = MAX_COLUMNS
) -> pa.Table:
    """The rows of ``serialize(frame, NULL)``, of either byte order, plain or gzip.

    Row names are left out. Columns come as float64, int32, string, bool, dictionary<int32,
    string>, date32 and timestamp[ns, tz]; a POSIXct without a time zone comes in UTC.

    Raises:
        MalformedRequest: when the bytes are no such frame, or damaged.
        InvalidSignature: for columns that are no plain vectors, naming each.
        InvalidValue: for text that is not UTF-8, a Date that is no whole day, or a time that
            nanoseconds cannot hold exactly; naming column and row.
        TooLarge: when it expands to more than ``max_bytes``, or has more than
            ``max_columns``.
    """
    walker = Walker(expand(data, max_bytes))
    frame = walker.value()
    names = _frame_names(frame, max_columns)
    columns = _Columns(walker)
    arrays = [columns.array(name, node) for name, node in zip(names, frame.data, strict=True)]
    columns.raise_refused()
    if len({len(a) for a in arrays}) > 1:
        raise MalformedRequest("The frame's columns have different lengths.")
    return pa.Table.from_arrays(arrays, names=names)


class FrameReader:
    """Reads the answers of one model. Those of doubles alone differ in rows and numbers only: the
    rest of their bytes is compared with what it has to be, and not walked through again."""

    def __init__(self) -> None:
        self._start = self._names = b""
        self._schema: pa.Schema | None = None

    def read(self, data: memoryview) -> pa.Table:
        """The rows, as :func:`read_frame` gives them.

        Raises:
            ModelyardError: as there.
        """
        schema = self._schema
        if schema is not None and (found := self._doubles(data, len(schema))) is not None:
            return pa.Table.from_arrays(found, schema=schema)
        table = read_frame(data, max_bytes=len(data))
        if table.num_columns and all(kind == _DOUBLE for kind in table.schema.types):
            self._schema = table.schema
            self._start = frame_start(table.num_columns)
            self._names = frame_names(table.column_names)
        return table

    def _doubles(self, data: memoryview, columns: int) -> list[pa.Array] | None:
        at = len(self._start)
        if len(data) < at + 8:
            return None
        head = bytes(data[at : at + 8])
        n = int.from_bytes(head[4:], "little")
        end = at + columns * (8 + 8 * n)
        ending = self._names + frame_end(n)
        same = data[:at] == self._start and head == _DOUBLES.pack(REAL, n) and data[end:] == ending
        if not same:
            return None
        arrays = []
        for _ in range(columns):
            if data[at : at + 8] != head:
                return None
            arrays.append(_real(_aligned(np.frombuffer(data, np.float64, n, at + 8))))
            at += 8 + 8 * n
        return arrays


def _frame_names(frame: Node, max_columns: int) -> list[str]:
    classes = _texts_of(frame.attributes.get("class"))
    if frame.kind != LIST or "data.frame" not in classes:
        raise MalformedRequest("The R value is not a data frame.", hint="Send a data.frame.")
    if frame.length > max_columns:
        raise TooLarge(f"{frame.length:,} columns are more than the {max_columns:,} allowed.")
    if frame.length == 0:
        return []
    names = _texts_of(frame.attributes.get("names"))
    if len(names) != frame.length or None in names:
        raise MalformedRequest("The frame's columns do not each have a name.")
    return [n for n in names if n is not None]


def _texts_of(node: Node | None) -> list[str | None]:
    """The values of a short character vector, or nothing when it is anything else."""
    if node is None or node.kind != STRING or not isinstance(node.data, Texts):
        return []
    try:
        return [None if v is None else v.decode() for v in node.data.values]
    except UnicodeDecodeError:
        raise MalformedRequest("The frame has a name that is not UTF-8.") from None


class _Columns:
    """Turns columns into arrays; gathers those that no array can be made of."""

    def __init__(self, walker: Walker) -> None:
        self._walker = walker
        self._refused: list[Detail] = []
        self._budget = MAX_SPELLED_OUT

    def array(self, name: str, node: Node) -> pa.Array:
        """The column, or an empty array after noting why it is refused."""
        classes = tuple(c for c in _texts_of(node.attributes.get("class")) if c != "AsIs")
        read = self._reader(node, classes)
        if isinstance(read, str):
            self._refused.append(Detail(read, ascii_safe(name)))
            return pa.nulls(0)
        return read(name, node)

    def raise_refused(self) -> None:
        """Raise for the columns that were refused, if any were."""
        if not self._refused:
            return
        first = self._refused[0]
        rest = f" ({len(self._refused) - 1} more)" if len(self._refused) > 1 else ""
        raise InvalidSignature(
            f"Column {first.column} is {first.reason}, which no model here takes{rest}.",
            hint="Columns are logical, integer, numeric, character, factor, Date or POSIXct.",
            details=[Detail(f"is {d.reason}", d.column) for d in self._refused[:20]],
        )

    def _reader(
        self, node: Node, classes: tuple[str | None, ...]
    ) -> Callable[[str, Node], pa.Array] | str:
        dim = node.attributes.get("dim")
        if dim is not None and dim.length != 1:
            return "a matrix"
        if node.kind in _NO_COLUMN:
            return f"a list of class {classes[0]}" if classes else _NO_COLUMN[node.kind]
        if classes == ("modelyard_strings",) and node.kind in (RAW, INTEGER):
            return _packed if node.kind == RAW else self._coded
        if node.kind == RAW:
            return "raw bytes"
        plain = {LOGICAL: _logical, INTEGER: self._integer, REAL: self._double, STRING: self._text}
        dated = {"Date": self._date, "POSIXct": self._time}
        if node.kind not in plain:
            return "no vector"
        if not classes:
            return plain[node.kind]
        if classes in (("factor",), ("ordered", "factor")) and node.kind == INTEGER:
            return self._factor
        if classes in (("Date",), ("POSIXct", "POSIXt")) and node.kind in (INTEGER, REAL):
            return dated[str(classes[0])]
        return f"of class {classes[0]}"

    def _numbers(self, node: Node) -> np.ndarray:
        """The values, native and aligned."""
        if isinstance(node.data, Compact):
            return self._spelled_out(node.data)
        values: np.ndarray = node.data
        if not values.dtype.isnative:
            return values.astype(values.dtype.newbyteorder("="))
        return _aligned(values)

    def _spelled_out(self, compact: Compact) -> np.ndarray:
        kind = np.dtype(np.int32 if compact.kind == INTEGER else np.float64)
        self._budget -= compact.length * kind.itemsize
        if self._budget < 0:
            raise TooLarge(f"Sequences of the frame take more than {MAX_SPELLED_OUT:,} bytes.")
        return (compact.first + compact.step * np.arange(compact.length)).astype(kind)

    def _integer(self, _: str, node: Node) -> pa.Array:
        return _int32(self._numbers(node))

    def _double(self, _: str, node: Node) -> pa.Array:
        return _real(self._numbers(node))

    def _text(self, name: str, node: Node) -> pa.Array:
        return texts(name, node, self._walker, self._numbers)

    def _coded(self, name: str, node: Node) -> pa.Array:
        codes, levels = self._codes(name, node)
        return pa.DictionaryArray.from_arrays(codes, levels).dictionary_decode()

    def _factor(self, name: str, node: Node) -> pa.Array:
        codes, levels = self._codes(name, node)
        if levels.null_count or len(levels.unique()) != len(levels):
            self._refused.append(Detail("a factor with a missing or a repeated level", name))
            return pa.nulls(0)
        ordered = "ordered" in _texts_of(node.attributes.get("class"))
        return pa.DictionaryArray.from_arrays(codes, levels, ordered=ordered)

    def _codes(self, name: str, node: Node) -> tuple[pa.Array, pa.Array]:
        """Codes from 0, and the levels that they stand for."""
        known = node.attributes.get("levels", Node(NIL))
        if known.kind != STRING:
            raise MalformedRequest(f"Column {name} is a factor without levels.")
        levels = texts(name, known, self._walker, self._numbers)
        codes = self._numbers(node)
        missing = codes == NA_INTEGER
        if len(codes) and not (missing | ((codes >= 1) & (codes <= len(levels)))).all():
            raise MalformedRequest(f"Column {name} is a factor with codes that have no level.")
        return _array(pa.int32(), codes - np.int32(1), missing), levels

    def _date(self, name: str, node: Node) -> pa.Array:
        if node.kind == INTEGER:
            return _int32(self._numbers(node)).cast(pa.date32())
        days = self._numbers(node)
        missing = np.isnan(days)
        whole = np.where(missing, 0.0, days)
        bad = (np.trunc(whole) != whole) | (np.abs(whole) > 2**31 - 1)
        _refuse_rows(name, bad, days, "is no whole day")
        return _array(pa.date32(), whole.astype(np.int32), missing)

    def _time(self, name: str, node: Node) -> pa.Array:
        seconds = self._numbers(node)
        missing = seconds == NA_INTEGER if node.kind == INTEGER else np.isnan(seconds)
        known = np.where(missing, 0, seconds).astype(np.float64)
        instants, exact = seconds_to_instants(known)
        _refuse_rows(name, ~exact, known, "seconds are no whole nanoseconds from 1678 to 2261")
        said = (_texts_of(node.attributes.get("tzone")) or [""])[0] or "UTC"
        kind = pa.timestamp("ns", tz=said if zone(said) is not None else "UTC")
        return _array(kind, instants, missing)


_NO_COLUMN = {LIST: "a list", COMPLEX: "complex numbers", NIL: "NULL"}


def _packed(name: str, node: Node) -> pa.Array:
    return packed_texts(name, node)


def _refuse_rows(name: str, bad: np.ndarray, values: np.ndarray, reason: str) -> None:
    if bad.any():
        rows = np.flatnonzero(bad)
        row = int(rows[0])
        raise InvalidValue(
            f"Column {name}, row {row + 1}: {float(values[row])!r} {reason}.",
            details=[Detail(f"{float(values[r])!r} {reason}", name, int(r) + 1) for r in rows[:20]],
        )


def _aligned(values: np.ndarray) -> np.ndarray:
    return values if values.flags.aligned else values.copy()


def _real(values: np.ndarray) -> pa.Array:
    return _array(_DOUBLE, values, is_na(values))


def _int32(values: np.ndarray) -> pa.Array:
    has_na = len(values) > 0 and int(values.min()) == NA_INTEGER
    return _array(pa.int32(), values, values == NA_INTEGER if has_na else None)


def _array(kind: pa.DataType, values: np.ndarray, missing: np.ndarray | None) -> pa.Array:
    """An Arrow array over the values themselves; ``missing`` marks nulls."""
    mask = None
    if missing is not None and missing.any():
        mask = pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [mask, pa.py_buffer(values)])


def _logical(_: str, node: Node) -> pa.Array:
    if isinstance(node.data, Compact):
        raise MalformedRequest("The frame has a logical sequence.")
    values = node.data
    missing = values == NA_INTEGER
    bits = pa.py_buffer(np.packbits(values != 0, bitorder="little"))
    mask = pa.py_buffer(np.packbits(~missing, bitorder="little")) if missing.any() else None
    return pa.Array.from_buffers(pa.bool_(), len(values), [mask, bits])
