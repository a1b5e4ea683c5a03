"""Rows written as a plain data frame in R's serialised form, without running any R.

``unserialize()`` gives a ``data.frame`` with compact row names: numbers bit for bit, null as NA,
text marked UTF-8. Text columns of many values are packed, as bytes or as codes of the few distinct
ones, in a vector of class ``modelyard_strings``, which ``wire.R`` unpacks in one step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modelyard.contract.columns import fit_column
from modelyard.contract.instants import PER_SECOND, Doubles, instants_to_seconds
from modelyard.contract.kinds import given_word, is_text
from modelyard.contract.missing import NA_REAL_BITS
from modelyard.contract.problems import Problems
from modelyard.errors import Detail, InvalidSignature, TooLarge
from modelyard.runtime.r.codes import INTEGER, LOGICAL, NA_INTEGER, RAW, REAL
from modelyard.runtime.r.rds_form import (
    FLAGS,
    HEAD,
    Pieces,
    attributes,
    class_,
    frame_end,
    frame_names,
    frame_start,
    head,
    strings,
    text_with_nul,
)
from modelyard.signature import Column, ColumnType

PACK_OVER = 500
"""Text columns of more values than this are packed."""
Writer = Callable[[pa.Array], Pieces]


def write_frame(table: pa.Table) -> bytes:
    """The rows as R's ``serialize(frame, NULL, xdr = FALSE, version = 2)`` would give them.

    Integers of up to 32 bits become integer; longer ones, floats and decimals numeric; dictionary
    columns factors; dates Date; timestamps POSIXct, the double nearest to each instant, those
    without a time zone in UTC. A column of nulls without a type becomes logical.

    Raises:
        InvalidSignature: for columns R has no plain vector for, such as lists.
        PrecisionLoss, IntegerOutOfRange, InvalidValue: for values R cannot hold exactly.
        TooLarge: for more rows than an R data frame can have.
    """
    if table.num_rows > 2**31 - 1:
        raise TooLarge(f"{table.num_rows:,} rows are more than an R data frame can have.")
    problems = Problems()
    fitted = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        is_time = pa.types.is_timestamp(column.type)  # R reaches further than nanoseconds do
        fitted.append(
            column if is_time else fit_column(column, _target(name, column.type), problems)
        )
    problems.raise_inputs(start="The rows cannot be an R frame")
    return b"".join(FrameWriter().pieces(pa.table(fitted, names=table.column_names)))


class FrameWriter:
    """Writes frames whose columns fit a contract; what those of one schema share is made once."""

    def __init__(self) -> None:
        self._schema: pa.Schema | None = None
        self._start = self._names = b""
        self._writers: list[Writer] = []

    def pieces(self, table: pa.Table) -> Pieces:
        """The rows, in pieces to be put one behind the other.

        Raises:
            InvalidValue: a text holds a NUL.
        """
        if self._schema is None or not table.schema.equals(self._schema):
            self._schema = table.schema
            self._start = frame_start(table.num_columns)
            self._names = frame_names(table.column_names)
            self._writers = [_writer(kind) for kind in table.schema.types]
        batches = table.to_batches()
        columns = batches[0].columns if len(batches) == 1 else _combined(table)
        pieces: Pieces = [self._start]
        for write, column in zip(self._writers, columns, strict=True):
            pieces += write(column)
        return [*pieces, self._names, frame_end(table.num_rows)]


def _combined(table: pa.Table) -> list[pa.Array]:
    return [column.combine_chunks() for column in table.columns]


def _target(name: str, kind: pa.DataType) -> Column:
    """The declared column whose form these values take in R."""
    found: ColumnType
    if pa.types.is_dictionary(kind) and is_text(kind.value_type):
        return Column(name, "factor", ordered=kind.ordered)
    if pa.types.is_boolean(kind) or pa.types.is_null(kind):
        found = "boolean"
    elif pa.types.is_integer(kind) and kind not in (pa.uint32(), pa.int64(), pa.uint64()):
        found = "integer"
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        found = "double"
    elif pa.types.is_date(kind):
        found = "date"
    elif is_text(kind):
        found = "string"
    else:
        raise InvalidSignature(
            f"Column {name} holds {given_word(kind)}, which R has no plain vector for.",
            details=[Detail(f"holds {given_word(kind)}", name)],
        )
    return Column(name, found)


def _writer(kind: pa.DataType) -> Writer:
    if pa.types.is_dictionary(kind):
        return _Factors(ordered=kind.ordered)
    if pa.types.is_string(kind):
        return _texts
    if pa.types.is_boolean(kind):
        return _logicals
    if pa.types.is_integer(kind):
        return _integers
    if pa.types.is_date(kind):
        return _dates
    if pa.types.is_timestamp(kind):
        return _Times(PER_SECOND[kind.unit], kind.tz or "UTC")
    return _doubles


def _doubles(array: pa.Array) -> Pieces:
    n = len(array)
    if n == 0 or array.null_count:
        return [HEAD.pack(REAL, n), *_with_na(array, _values(array, np.float64))]
    start = array.offset * 8
    return [HEAD.pack(REAL, n), memoryview(array.buffers()[1])[start : start + n * 8]]


def _with_na(array: pa.Array, values: Doubles) -> Pieces:
    """The bytes of doubles, R's NA where the array has nulls."""
    if array.null_count:
        bits = values.view(np.uint64).copy()
        bits[_nulls(array)] = NA_REAL_BITS
        values = bits.view(np.float64)
    return [np.ascontiguousarray(values).data.cast("B")] if len(values) else []


def _integers(array: pa.Array) -> Pieces:
    return [HEAD.pack(INTEGER, len(array)), *_int_bytes(array, _values(array, np.int32))]


def _logicals(array: pa.Array) -> Pieces:
    n = len(array)
    flags = _bits(array.buffers()[1], array.offset, n) if n else np.empty(0)
    return [HEAD.pack(LOGICAL, n), *_int_bytes(array, flags.astype(np.int32))]


def _int_bytes(array: pa.Array, values: np.ndarray) -> Pieces:
    if array.null_count:
        values = np.where(_nulls(array), np.int32(NA_INTEGER), values)
    return [values.tobytes()]


def _dates(array: pa.Array) -> Pieces:
    days = _values(array, np.int32).astype(np.float64)
    return [HEAD.pack(REAL | FLAGS, len(days)), *_with_na(array, days), _DATE]


class _Times:
    """Instants as R's seconds, shown in one zone."""

    def __init__(self, per_second: int, zone: str) -> None:
        self._per_second = per_second
        known = {**class_("POSIXct", "POSIXt"), "tzone": strings([zone])}
        self._attributes = b"".join(attributes(**known))

    def __call__(self, array: pa.Array) -> Pieces:
        seconds = instants_to_seconds(_values(array, np.int64), self._per_second)
        return [HEAD.pack(REAL | FLAGS, len(seconds)), *_with_na(array, seconds), self._attributes]


class _Factors:
    """Codes with levels, which are written again only when they are others than the last ones."""

    def __init__(self, *, ordered: bool) -> None:
        self._class = class_("ordered", "factor") if ordered else class_("factor")
        self._dictionary: pa.Array | None = None
        self._attributes = b""

    def __call__(self, array: pa.DictionaryArray) -> Pieces:
        dictionary = array.dictionary
        if self._dictionary is None or not dictionary.equals(self._dictionary):
            levels = strings(dictionary.to_pylist())
            self._attributes = b"".join(attributes(levels=levels, **self._class))
            self._dictionary = dictionary
        return [*_codes(array), self._attributes]


def _codes(array: pa.DictionaryArray) -> Pieces:
    """Codes from 1, as R counts them, without what they stand for."""
    values = _values(array.indices, np.int32) + np.int32(1)
    return [HEAD.pack(INTEGER | FLAGS, len(array)), *_int_bytes(array.indices, values)]


def _values(array: pa.Array, kind: type) -> np.ndarray:
    """The values themselves, whatever lies under the nulls."""
    if len(array) == 0:
        return np.empty(0, kind)
    offset = array.offset * np.dtype(kind).itemsize
    return np.frombuffer(array.buffers()[1], kind, len(array), offset)


def _nulls(array: pa.Array) -> np.ndarray:
    return ~_bits(array.buffers()[0], array.offset, len(array))


def _bits(buffer: pa.Buffer, offset: int, n: int) -> np.ndarray:
    packed = np.frombuffer(buffer, np.uint8)
    return np.unpackbits(packed, count=offset + n, bitorder="little")[offset:].view(np.bool_)


def _texts(array: pa.StringArray) -> Pieces:
    """One by one, or packed: as codes of few distinct ones, as bytes where there are many."""
    if len(array) <= PACK_OVER:
        return strings(array.to_pylist())
    coded = array.dictionary_encode()
    if len(coded.dictionary) <= len(array) // 3:
        levels = strings(coded.dictionary.to_pylist())
        return [*_codes(coded), *attributes(levels=levels, **class_("modelyard_strings"))]
    return _packed(array)


def _packed(array: pa.StringArray) -> Pieces:
    missing = np.flatnonzero(_nulls(array)) + 1 if array.null_count else np.empty(0)
    whole = pc.fill_null(array, "") if array.null_count else array
    offsets = np.frombuffer(whole.buffers()[1], np.int32, len(whole) + 1, whole.offset * 4)
    data = whole.buffers()[2]
    text = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]] if data else np.empty(0, "u1")
    if not text.all():
        raise text_with_nul()
    out = np.empty(len(text) + len(whole), np.uint8)
    is_text_byte = np.ones(len(out), np.bool_)
    ends = offsets[1:].astype(np.int64) - offsets[0] + np.arange(len(whole))
    is_text_byte[ends] = False
    out[ends] = 0
    out[is_text_byte] = text
    more = attributes(**class_("modelyard_strings"), n=_numbers([len(whole)]), na=_numbers(missing))
    return [head(RAW, len(out), FLAGS), out.data, *more]


def _numbers(values: Sequence[int] | np.ndarray) -> Pieces:
    return [head(INTEGER, len(values)), np.asarray(values, np.int32).tobytes()]


_DATE = b"".join(attributes(**class_("Date")))
