"""A walker of R's serialised form: plain vectors and their attributes, and nothing that runs.

It reads what ``serialize()`` writes in both byte orders and format versions 2 and 3, checks every
length against the bytes left, and refuses functions, environments, promises and all other values
that are not data. Vectors of numbers stay views into the bytes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from modelyard.errors import MalformedRequest, TooLarge
from modelyard.runtime.r.codes import (
    ALTREP,
    CHAR,
    COMPLEX,
    INTEGER,
    LIST,
    LOGICAL,
    NIL,
    PAIRLIST,
    PAIRLIST_WITH_ATTRIBUTES,
    POINTER,
    RAW,
    REAL,
    REFERENCE,
    STRING,
    SYMBOL,
)

MAX_NODES = 250_000
MAX_DEPTH = 48
MAX_BYTES = 2**30

_NOT_DATA: Mapping[int, str] = {
    3: "a function",
    4: "an environment",
    5: "a promise",
    6: "an R expression",
    7: "a function",
    8: "a function",
    20: "an R expression",
    21: "compiled code",
    23: "a weak reference",
    25: "an S4 object",
    240: "an R expression",
    249: "a namespace",
    250: "a package's environment",
    253: "the global environment",
}


@dataclass(frozen=True, slots=True)
class Texts:
    """A character vector: its bytes as they were sent, and how each is encoded.

    ``values`` has None for NA; ``latin1`` and ``raw_bytes`` are positions of values so marked,
    ``native`` those of values that are not ASCII and carry no mark.
    """

    values: list[bytes | None]
    latin1: list[int]
    raw_bytes: list[int]
    native: list[int]


@dataclass(frozen=True, slots=True)
class Compact:
    """An arithmetic sequence, as R keeps ``1:n``: not yet spelled out."""

    kind: int
    length: int
    first: float
    step: float


@dataclass(frozen=True, slots=True)
class Deferred:
    """Numbers that R has not yet turned into text."""

    numbers: Node
    scipen: int


@dataclass(frozen=True, slots=True)
class Node:
    """One R value: its type's code, what it holds, and its attributes by name.

    ``data`` is an array (logical, integer, double, complex: in the stream's byte order), bytes as
    a memoryview (raw), Texts, Compact, Deferred, a list of nodes, a symbol's name, or None.
    """

    kind: int
    data: Any = None
    attributes: Mapping[str, Node] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """How many elements."""
        if isinstance(self.data, Compact):
            return self.data.length
        if isinstance(self.data, Deferred):
            return self.data.numbers.length
        if isinstance(self.data, Texts):
            return len(self.data.values)
        return 0 if self.data is None else len(self.data)


def expand(data: bytes | memoryview, max_bytes: int = MAX_BYTES) -> memoryview:
    """The bytes, decompressed when they are gzip.

    Raises:
        TooLarge: when they expand to more than ``max_bytes``.
        MalformedRequest: when they are damaged gzip.
    """
    view = memoryview(data).cast("B")
    if bytes(view[:2]) != b"\x1f\x8b":
        return view
    stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        whole = stream.decompress(view, max_bytes + 1)
    except zlib.error as e:
        raise MalformedRequest("The compressed frame is damaged.") from e
    if len(whole) > max_bytes:
        raise TooLarge(f"The frame expands to more than {max_bytes:,} bytes.")
    if not stream.eof or stream.unused_data:
        raise MalformedRequest("The compressed frame is cut off or followed by other bytes.")
    return memoryview(whole)


class Walker:
    """Reads one value from the bytes of ``serialize()``; ``where`` names the place in errors."""

    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._at = 0
        self._nodes = 0
        self._references: list[Node] = []
        self.where = "The frame"
        self.encoding = "UTF-8"
        self.r_version = 0
        self._order = self._header()
        self._int = struct.Struct(self._order + "i")
        self._pair = struct.Struct(self._order + "ii")
        self._read_version()

    def value(self) -> Node:
        """The one value there is.

        Raises:
            MalformedRequest: for anything that is not whole and plain data.
        """
        found = self._item(0)
        if self._at != len(self._view):
            self._refuse("is followed by other bytes")
        return found

    def _header(self) -> str:
        start = bytes(self._view[:2])
        self._at = 2
        if start == b"X\n":
            return ">"
        if start == b"B\n":
            return "<"
        if start == b"A\n":
            raise MalformedRequest("A frame in R's ASCII form is not read here.")
        raise MalformedRequest(
            "These bytes are not an R frame.", hint="Send what serialize(frame, NULL) gives."
        )

    def _read_version(self) -> None:
        version, self.r_version, _ = (self._integer() for _ in range(3))
        if version not in (2, 3):
            raise MalformedRequest(f"R's serialised form {version} is not known; 2 and 3 are.")
        if version == 3:
            self.encoding = bytes(self._bytes(self._integer())).decode("ascii", "replace")

    def _refuse(self, what: str) -> NoReturn:
        raise MalformedRequest(f"{self.where} {what}.")

    def _integer(self) -> int:
        if len(self._view) - self._at < 4:
            self._refuse("is cut off")
        (found,) = self._int.unpack_from(self._view, self._at)
        self._at += 4
        return int(found)

    def _bytes(self, size: int) -> memoryview:
        if not 0 <= size <= len(self._view) - self._at:
            self._refuse("is cut off")
        found = self._view[self._at : self._at + size]
        self._at += size
        return found

    def _length(self, unit: int) -> int:
        """A vector's length, whose elements take at least ``unit`` bytes each."""
        length = self._integer()
        if length == -1:
            high, low = self._integer(), self._integer()
            length = (high << 32) | (low & 0xFFFFFFFF)
        if not 0 <= length <= (len(self._view) - self._at) // unit:
            self._refuse("is cut off")
        return length

    def _item(self, depth: int) -> Node:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            self._refuse("is nested too deeply or holds too many values")
        flags = self._integer()
        kind = flags & 0xFF
        if kind in _ATOMIC or kind in (STRING, LIST, RAW):
            data = self._vector(kind, depth)
            return Node(kind, data, self._attributes(depth) if flags & 0x200 else {})
        if kind in (PAIRLIST, PAIRLIST_WITH_ATTRIBUTES):
            return Node(PAIRLIST, self._pairs(flags, depth))
        if kind == ALTREP:
            return self._altrep(depth)
        if kind == NIL:
            return Node(NIL)
        if kind == SYMBOL:
            return self._symbol()
        if kind == REFERENCE:
            return self._reference(flags >> 8)
        if kind == POINTER:
            return self._pointer(flags, depth)
        return self._refuse(f"holds {_NOT_DATA.get(kind, 'something that is not data')}")

    def _vector(self, kind: int, depth: int) -> Any:
        if kind == STRING:
            return self._texts(self._length(8))
        if kind == LIST:
            return self._list(self._length(4), depth)
        if kind == RAW:
            return self._bytes(self._length(1))
        code = _ATOMIC[kind]
        size = np.dtype(code).itemsize
        length = self._length(size)
        return np.frombuffer(self._bytes(length * size), self._order + code)

    def _list(self, length: int, depth: int) -> list[Node]:
        if self._nodes + length > MAX_NODES:
            self._refuse("holds too many values")
        if depth > 0:
            return [self._item(depth + 1) for _ in range(length)]
        items = []
        for number in range(1, length + 1):
            self.where = f"Column {number} of the frame"
            items.append(self._item(depth + 1))
        self.where = "The frame"
        return items

    def _texts(self, length: int) -> Texts:
        values: list[bytes | None] = []
        latin1: list[int] = []
        raw_bytes: list[int] = []
        native: list[int] = []
        view, at, end, read = self._view, self._at, len(self._view), self._pair.unpack_from
        for row in range(length):
            if end - at < 8:
                self._refuse("is cut off")
            flags, size = read(view, at)
            at += 8
            if flags & 0x2FF != CHAR or size < -1 or size > end - at:
                self._refuse("has a text that cannot be read")
            if size == -1:
                values.append(None)
                continue
            values.append(bytes(view[at : at + size]))
            at += size
            if not flags & 0x48000:  # neither UTF-8 nor ASCII
                (latin1 if flags & 0x4000 else raw_bytes if flags & 0x2000 else native).append(row)
        self._at = at
        return Texts(values, latin1, raw_bytes, native)

    def _symbol(self) -> Node:
        flags, size = self._integer(), self._integer()
        if flags & 0xFF != CHAR or size < 0:
            self._refuse("has a name that cannot be read")
        found = Node(SYMBOL, bytes(self._bytes(size)).decode("utf-8", "replace"))
        self._references.append(found)
        return found

    def _reference(self, index: int) -> Node:
        index = index or self._integer()
        if not 1 <= index <= len(self._references):
            self._refuse("refers to something that is not there")
        return self._references[index - 1]

    def _pointer(self, flags: int, depth: int) -> Node:
        found = Node(POINTER)  # what a data.table carries about; nothing of it is used
        self._references.append(found)
        self._item(depth + 1)
        self._item(depth + 1)
        if flags & 0x200:
            self._attributes(depth)
        return found

    def _attributes(self, depth: int) -> dict[str, Node]:
        flags = self._integer()
        if flags & 0xFF == NIL:
            return {}
        if flags & 0xFF != PAIRLIST:
            self._refuse("has attributes that cannot be read")
        return {name: node for name, node in self._pairs(flags, depth) if name is not None}

    def _pairs(self, flags: int, depth: int) -> list[tuple[str | None, Node]]:
        """A pairlist; a last part that is not one has the name None."""
        pairs: list[tuple[str | None, Node]] = []
        while True:
            kind = flags & 0xFF
            if kind == PAIRLIST_WITH_ATTRIBUTES or flags & 0x200:
                self._attributes(depth + 1)
            name = None
            if flags & 0x400:
                tag = self._item(depth + 1)
                if tag.kind != SYMBOL:
                    self._refuse("has a name that cannot be read")
                name = tag.data
            pairs.append((name, self._item(depth + 1)))
            if len(self._view) - self._at < 4:
                self._refuse("is cut off")
            (flags,) = self._int.unpack_from(self._view, self._at)
            if flags & 0xFF not in (PAIRLIST, PAIRLIST_WITH_ATTRIBUTES):
                last = self._item(depth + 1)
                return pairs if last.kind == NIL else [*pairs, (None, last)]
            self._at += 4

    def _altrep(self, depth: int) -> Node:
        info, state = self._item(depth + 1), self._item(depth + 1)
        flags = self._integer()
        kind = flags & 0xFF
        if kind in (PAIRLIST, PAIRLIST_WITH_ATTRIBUTES):
            attributes = {n: v for n, v in self._pairs(flags, depth) if n is not None}
        elif kind == NIL:
            attributes = {}
        else:
            self._refuse("has attributes that cannot be read")
        name = _first_symbol(info)
        if name.startswith("wrap_"):
            inner = _parts(state)[0] if _parts(state) else Node(NIL)
            if inner.kind not in _ATOMIC and inner.kind not in (STRING, LIST, RAW):
                self._refuse("holds a wrapped value that cannot be read")
            return Node(inner.kind, inner.data, attributes or inner.attributes)
        if name in ("compact_intseq", "compact_realseq"):
            kind = INTEGER if name == "compact_intseq" else REAL
            return Node(kind, self._compact(kind, state), attributes)
        if name == "deferred_string":
            return Node(STRING, self._deferred(state), attributes)
        return self._refuse(f"is kept in a form of R's own ({name or 'unnamed'}) not read here")

    def _compact(self, kind: int, state: Node) -> Compact:
        if state.kind != REAL or state.length != 3 or not isinstance(state.data, np.ndarray):
            self._refuse("holds a sequence that cannot be read")
        length, first, step = (float(v) for v in state.data)
        last = first + step * (length - 1)
        whole = all(v.is_integer() and abs(v) < 2**31 for v in (first, last))
        if not (0 <= length < 2**31 and length.is_integer() and step in (1.0, -1.0) and whole):
            self._refuse("holds a sequence that cannot be read")
        return Compact(kind, int(length), first, step)

    def _deferred(self, state: Node) -> Deferred:
        parts = _parts(state)
        if len(parts) != 2 or parts[0].kind not in (INTEGER, REAL):
            self._refuse("holds unfinished text that cannot be read")
        scipen = parts[1].data
        if parts[1].kind != INTEGER or not isinstance(scipen, np.ndarray) or len(scipen) != 1:
            self._refuse("holds unfinished text that cannot be read")
        return Deferred(parts[0], int(scipen[0]))


_ATOMIC: Mapping[int, str] = {LOGICAL: "i4", INTEGER: "i4", REAL: "f8", COMPLEX: "c16"}


def _parts(state: Node) -> list[Node]:
    """The values of a pairlist or a list."""
    if state.kind == PAIRLIST:
        return [node for _, node in state.data]
    return list(state.data) if state.kind == LIST else []


def _first_symbol(info: Node) -> str:
    parts = _parts(info)
    return str(parts[0].data) if parts and parts[0].kind == SYMBOL else ""
