"""The parts of a plain data frame in R's serialised form: what stands before, between and behind
the values of its columns. A worker starts with it, so it needs the standard library only.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from modelyard.errors import InvalidValue
from modelyard.runtime.r.codes import INTEGER, LIST, NA_INTEGER, STRING

HEAD = struct.Struct("<ii")
"""The type of a vector of at most 2^31 - 1 values, and how many they are."""
_COMPACT = struct.Struct("<iiii")
_HEADER = b"B\n" + struct.pack("<3i", 2, 0x00040202, 0x00020300)
FLAGS = 0x300
"""Of an object with attributes."""
_PAIR = struct.pack("<i", 0x402)
_END = struct.pack("<i", 254)
_ASCII, _UTF8 = 0x40009, 0x8009
_NA_TEXT = struct.pack("<ii", 9, -1)

Pieces = list[bytes | memoryview]
"""Bytes to be put one behind the other."""


def frame_start(columns: int) -> bytes:
    """The bytes of a frame before its first column."""
    return _HEADER + head(LIST, columns, FLAGS)


def frame_names(names: Sequence[str | None]) -> bytes:
    """The bytes of a frame behind its last column."""
    return b"".join(_pairs(names=strings(names)))


def frame_end(rows: int) -> bytes:
    """The bytes behind those, to the end of the frame."""
    return (
        _ROW_NAMES + (_COMPACT.pack(INTEGER, 2, NA_INTEGER, -rows) if rows else _NO_ROWS) + _CLASS
    )


def head(code: int, length: int, flags: int = 0) -> bytes:
    """The bytes before the values of a vector; of more than 2^31 - 1 of them too."""
    if length < 2**31:
        return HEAD.pack(code | flags, length)
    return struct.pack("<iiiI", code | flags, -1, length >> 32, length & 0xFFFFFFFF)


def attributes(**values: Pieces) -> Pieces:
    """The attributes behind a value, to their end."""
    return [*_pairs(**values), _END]


def _pairs(**values: Pieces) -> Pieces:
    pieces: Pieces = []
    for name, value in values.items():
        symbol = struct.pack("<iii", 1, _ASCII, len(name)) + name.encode()
        pieces += [_PAIR, symbol, *value]
    return pieces


def class_(*names: str) -> dict[str, Pieces]:
    """The attribute that holds a value's classes."""
    return {"class": strings(names)}


def strings(values: Sequence[str | None]) -> Pieces:
    """A character vector, None as NA.

    Raises:
        InvalidValue: a text holds a NUL.
    """
    known = {value: _string(value) for value in dict.fromkeys(values)}
    return [head(STRING, len(values)), *map(known.__getitem__, values)]


def _string(value: str | None) -> bytes:
    if value is None:
        return _NA_TEXT
    if "\0" in value:
        raise text_with_nul()
    text = value.encode()
    return HEAD.pack(_ASCII if value.isascii() else _UTF8, len(text)) + text


def text_with_nul() -> InvalidValue:
    """What to raise for such a text."""
    return InvalidValue("A text holds the character NUL, which R's texts cannot.")


_ROW_NAMES = b"".join(_pairs(**{"row.names": []}))
_NO_ROWS = HEAD.pack(INTEGER, 0)
_CLASS = b"".join(attributes(**class_("data.frame")))
