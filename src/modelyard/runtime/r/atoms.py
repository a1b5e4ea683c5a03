"""Values of R's serialised form that have no others inside, read and mostly stepped over."""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, NoReturn

from modelyard.runtime.r import codes as c
from modelyard.runtime.r.codes import HAS_ATTRIBUTES
from modelyard.runtime.r.findings import Findings, Kid
from modelyard.runtime.r.stream import Stream

PROMISES, UNBOUND, VALUES = 1, 2, 4
"""What the place of a value allows (a promise, the unbound marker), or wants to know of it (the
values of a short vector)."""

Found = tuple[int, Any]
"""A value's code, and what its place may ask for: a symbol's name, a vector's length or values."""
Steps = Generator[Any, Any, Any]
"""A value within which others lie: it yields what it allows of each, and is sent what it was."""
Readers = Mapping[int, Callable[[int, int], "Found | Steps"]]

PLAIN: tuple[Found, ...] = tuple((code, None) for code in range(256))
MAX_NODES = 5_000_000
_MAX_NAMES = 100_000
_MAX_NAME = 65_536
_FEW = 8


class Atoms(Stream):
    """Reads them; ``findings`` and ``kids`` gather what is worth telling."""

    def __init__(self, chunks: Iterator[bytes | memoryview]) -> None:
        super().__init__(chunks)
        self.findings = Findings()
        self.kids: list[Kid] = []
        self._whole = False
        self._nodes = self._cells = self._sequences = 0
        self._in_code = 0
        self._references: list[Found] = []
        self._readers: Readers = {}

    def item(self, allowed: int) -> Found | Steps:
        """The next value, or the steps to it."""
        at = self._at
        if self._end - at < 4:  # integer(), without the call: this is the innermost loop
            self._fill(4)
            at = self._at
        self._at = at + 4
        flags = self._unpack(self._buf, at)[0]
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._too_many()
        reader = self._readers.get(flags & 0xFF)
        return self._unknown(flags) if reader is None else reader(flags, allowed)

    def _item(self, flags: int, allowed: int) -> Found | Steps:
        """A value whose flags were read already."""
        self._nodes += 1
        reader = self._readers.get(flags & 0xFF)
        return self._unknown(flags) if reader is None else reader(flags, allowed)

    def _unknown(self, flags: int) -> NoReturn:
        self.refuse(f"it holds a value of the unknown type {flags & 0xFF}")

    def _too_many(self) -> NoReturn:
        self.refuse(f"it holds more than {MAX_NODES:,} values")

    def _plain(self, flags: int, _: int) -> Found:
        return PLAIN[flags & 0xFF]

    def _reference(self, flags: int, _: int) -> Found:
        index = (flags >> 8 & 0xFFFFFF) or self.integer()
        if not 1 <= index <= len(self._references):
            self.refuse("it refers to a value that is not there")
        return self._references[index - 1]

    def _unbound(self, _: int, allowed: int) -> Found:
        if not allowed & UNBOUND:
            self.refuse("R's marker for a value not yet computed stands outside a promise")
        return PLAIN[c.UNBOUND]

    def _persistent(self, _: int, __: int) -> Found:
        self.refuse("it refers to something outside the file, which was saved with a refhook")

    def _symbol(self, _: int, __: int) -> Found:
        found = (c.SYMBOL, self._char())
        self._references.append(found)
        return found

    def _char(self) -> str:
        """A text that is a name."""
        flags, size = self.integer(), self.integer()
        if flags & 0xFF != c.CHAR or flags & HAS_ATTRIBUTES or not -1 <= size <= _MAX_NAME:
            self.refuse("a name cannot be read")
        return "NA" if size == -1 else self.take(size).decode("utf-8", "replace")

    def _package(self, flags: int, _: int) -> Found:
        """A namespace or an attached package: its name, and for a namespace its version."""
        if self.integer() != 0 or not 1 <= (count := self.integer()) <= 4:
            self.refuse("the name of a package cannot be read")
        name = self._char()
        for _ in range(count - 1):
            self._char()
        code = flags & 0xFF
        if code == c.NAMESPACE:
            self.findings.namespaces[name] = None
        found = (code, name)
        self._references.append(found)
        return found

    def _values(self, code: int, length: int, allowed: int) -> Any:
        """The values of a short vector of numbers that its place asks for, else the length."""
        if allowed & VALUES and length <= _FEW and code in (c.INTEGER, c.REAL):
            form = struct.Struct(f"{self.order}{length}{'d' if code == c.REAL else 'i'}")
            return form.unpack(self.take(form.size))
        self.skip(length * c.ELEMENT_BYTES[code])
        return length

    def _texts(self, length: int, allowed: int) -> Any:
        """The texts that its place asks for, else their number."""
        if not allowed & VALUES or length > _MAX_NAMES:
            self._skip_texts(length)
            return length
        found = []
        for _ in range(length):
            flags, size = self.integer(), self.integer()
            if flags & 0x2FF != c.CHAR or size < -1:
                self._no_text()
            if size > _MAX_NAME:
                self.skip(size)
                size = 0
            found.append("" if size <= 0 else self.take(size).decode("utf-8", "replace"))
        return found

    def _skip_texts(self, length: int) -> None:
        buf, at, end, read = self._buf, self._at, self._end, self._two.unpack_from
        for _ in range(length):
            if end - at < 8:
                self._at = at
                self._fill(8)
                buf, at, end = self._buf, self._at, self._end
            flags, size = read(buf, at)
            if flags & 0x2FF != c.CHAR or size < -1:
                self._no_text()
            at += 8
            if size > 0:
                if size > end - at:
                    self._at = at
                    self.skip(size)
                    buf, at, end = self._buf, self._at, self._end
                else:
                    at += size
        self._at = at

    def _no_text(self) -> None:
        self.refuse("a text cannot be read")
