"""Rows written as a plain data frame in R's serialised form, without running any R.

``unserialize()`` gives a ``data.frame`` with compact row names: numbers bit for bit, null as NA,
text marked UTF-8. Text columns of more than 500 values are packed as a raw vector of class
``modelyard_strings``, which R clients unpack in one step.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modelyard.contract.columns import fit_column
from modelyard.contract.instants import PER_SECOND, Doubles, instants_to_seconds
from modelyard.contract.kinds import given_word, is_text
from modelyard.contract.missing import NA_INTEGER, NA_REAL_BITS
from modelyard.contract.problems import Problems
from modelyard.errors import Detail, InvalidSignature, TooLarge
from modelyard.runtime.r.codes import INTEGER, LIST, LOGICAL, RAW, REAL, STRING
from modelyard.signature import Column, ColumnType

PACK_OVER = 500
"""Text columns of more values than this are packed."""
_HEADER = b"B\n" + struct.pack("<3i", 2, 0x00040202, 0x00020300)
_OBJECT, _ATTRIBUTES = 0x100, 0x200
_PAIR = struct.pack("<i", 0x402)
_END = struct.pack("<i", 254)
_ASCII, _UTF8 = 0x40009, 0x8009
_NA_TEXT = struct.pack("<ii", 9, -1)

Pieces = list[bytes | memoryview]


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
    pieces: Pieces = [_HEADER, _head(LIST, table.num_columns, has_attributes=True, is_object=True)]
    for name, column in zip(table.column_names, table.columns, strict=True):
        is_time = pa.types.is_timestamp(column.type)  # R reaches further than nanoseconds do
        fitted = column if is_time else fit_column(column, _target(name, column.type), problems)
        if fitted is not None:
            pieces += _column(fitted)
    problems.raise_inputs(start="The rows cannot be an R frame")
    rows = [NA_INTEGER, -table.num_rows] if table.num_rows else []
    pieces += _attributes(
        names=_strings(table.column_names),
        **{"class": _strings(["data.frame"]), "row.names": _integers(rows)},
    )
    return b"".join(pieces)


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


def _column(given: pa.ChunkedArray) -> Pieces:
    array, kind = given.combine_chunks(), given.type
    if pa.types.is_dictionary(kind):
        return _factor(array)
    if pa.types.is_string(kind):
        return _strings(array.to_pylist()) if len(array) <= PACK_OVER else _packed(array)
    if pa.types.is_boolean(kind):
        return _int_vector(LOGICAL, array.cast(pa.int8()).cast(pa.int32()))
    if pa.types.is_integer(kind):
        return _int_vector(INTEGER, array)
    if pa.types.is_date(kind):
        days = _values(array, np.int32).astype(np.float64)
        return [*_doubles(array, days, is_object=True), *_attributes(**_class("Date"))]
    if pa.types.is_timestamp(kind):
        seconds = instants_to_seconds(_values(array, np.int64), PER_SECOND[kind.unit])
        attributes = {**_class("POSIXct", "POSIXt"), "tzone": _strings([kind.tz or "UTC"])}
        return [*_doubles(array, seconds, is_object=True), *_attributes(**attributes)]
    return _doubles(array, _values(array, np.float64))


def _values(array: pa.Array, kind: type) -> np.ndarray:
    """The values themselves, whatever lies under the nulls."""
    if len(array) == 0:
        return np.empty(0, kind)
    offset = array.offset * np.dtype(kind).itemsize
    return np.frombuffer(array.buffers()[1], kind, len(array), offset)


def _doubles(array: pa.Array, values: Doubles, *, is_object: bool = False) -> Pieces:
    if array.null_count:
        bits = values.view(np.uint64).copy()
        bits[array.is_null().to_numpy(zero_copy_only=False)] = NA_REAL_BITS
        values = bits.view(np.float64)
    head = _head(REAL, len(values), has_attributes=is_object, is_object=is_object)
    return [head, np.ascontiguousarray(values).data.cast("B")] if len(values) else [head]


def _int_vector(code: int, array: pa.Array) -> Pieces:
    values = _values(array, np.int32)
    if array.null_count:
        values = np.where(
            array.is_null().to_numpy(zero_copy_only=False), np.int32(NA_INTEGER), values
        )
    return [_head(code, len(values)), values.tobytes()]


def _factor(array: pa.DictionaryArray) -> Pieces:
    classes = ("ordered", "factor") if array.type.ordered else ("factor",)
    codes = pc.add(array.indices, pa.scalar(1, pa.int32()))
    _, data = _int_vector(INTEGER, codes)
    head = _head(INTEGER, len(array), has_attributes=True, is_object=True)
    levels = _strings(array.dictionary.to_pylist())
    return [head, data, *_attributes(levels=levels, **_class(*classes))]


def _packed(array: pa.StringArray) -> Pieces:
    missing = np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False)) + 1
    whole = pc.fill_null(array, "") if array.null_count else array
    offsets = np.frombuffer(whole.buffers()[1], np.int32, len(whole) + 1, whole.offset * 4)
    data = whole.buffers()[2]
    text = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]] if data else np.empty(0, "u1")
    out = np.empty(len(text) + len(whole), np.uint8)
    is_text_byte = np.ones(len(out), np.bool_)
    ends = offsets[1:].astype(np.int64) - offsets[0] + np.arange(len(whole))
    is_text_byte[ends] = False
    out[ends] = 0
    out[is_text_byte] = text
    attributes = {
        **_class("modelyard_strings"),
        "n": _integers([len(whole)]),
        "na": _integers(missing),
    }
    head = _head(RAW, len(out), has_attributes=True, is_object=True)
    return [head, out.data, *_attributes(**attributes)]


def _head(
    code: int, length: int, *, has_attributes: bool = False, is_object: bool = False
) -> bytes:
    flags = code | (_ATTRIBUTES if has_attributes else 0) | (_OBJECT if is_object else 0)
    if length < 2**31:
        return struct.pack("<ii", flags, length)
    return struct.pack("<iiiI", flags, -1, length >> 32, length & 0xFFFFFFFF)


def _attributes(**values: Pieces) -> Pieces:
    pieces: Pieces = []
    for name, value in values.items():
        symbol = struct.pack("<iii", 1, _ASCII, len(name)) + name.encode()
        pieces += [_PAIR, symbol, *value]
    return [*pieces, _END]


def _class(*names: str) -> dict[str, Pieces]:
    return {"class": _strings(names)}


def _integers(values: Sequence[int] | np.ndarray) -> Pieces:
    return [_head(INTEGER, len(values)), np.asarray(values, np.int32).tobytes()]


def _strings(values: Sequence[str | None]) -> Pieces:
    pieces: Pieces = [_head(STRING, len(values))]
    for value in values:
        if value is None:
            pieces.append(_NA_TEXT)
            continue
        text = value.encode()
        flags = _ASCII if value.isascii() else _UTF8
        pieces += [struct.pack("<ii", flags, len(text)), text]
    return pieces
