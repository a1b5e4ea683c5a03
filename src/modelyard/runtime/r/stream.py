"""R's serialised form as a stream: integers, lengths and texts, in bounded memory.

Bytes arrive in pieces; long vectors are stepped over piece by piece and never held.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NoReturn

from modelyard.errors import ModelRejected

_SAVE = (b"RDX", b"RDA", b"RDB")


class Stream:
    """The header, then integers and bytes in order.

    Raises:
        ModelRejected: from every method, when the bytes end early or cannot be what R writes.
    """

    def __init__(self, chunks: Iterator[bytes | memoryview]) -> None:
        self._chunks = chunks
        self._buf: bytes | memoryview = b""
        self._at = self._end = 0
        self._before = 0
        self.encoding = "UTF-8"
        order = self._order()
        self._unpack = struct.Struct(order + "i").unpack_from
        self._two = struct.Struct(order + "ii")
        self.order = order
        self.format, self.r_version, _ = (self.integer() for _ in range(3))
        if self.format not in (2, 3):
            self.refuse(f"R's serialised form {self.format} is not known; 2 and 3 are")
        if self.format == 3:
            size = self.integer()
            if not 0 <= size < 64:
                self.refuse("the name of its encoding cannot be read")
            self.encoding = self.take(size).decode("ascii", "replace")

    def refuse(self, why: str) -> NoReturn:
        """Give up: this is no model."""
        raise ModelRejected(f"The file is not a model that can be read: {why}.")

    @property
    def offset(self) -> int:
        """How many bytes were read."""
        return self._before + self._at

    def integer(self) -> int:
        """The next 32-bit integer."""
        at = self._at
        if self._end - at < 4:
            self._fill(4)
            at = self._at
        self._at = at + 4
        found: int = self._unpack(self._buf, at)[0]
        return found

    def take(self, size: int) -> bytes:
        """The next few bytes."""
        if self._end - self._at < size:
            self._fill(size)
        at = self._at
        self._at = at + size
        return bytes(self._buf[at : at + size])

    def skip(self, size: int) -> None:
        """Step over so many bytes without keeping them."""
        while size > self._end - self._at:
            size -= self._end - self._at
            self._before += self._end
            self._buf, self._at, self._end = b"", 0, 0
            self._next()
        self._at += size

    def length(self) -> int:
        """A vector's length."""
        found = self.integer()
        if found >= 0:
            return found
        if found != -1:
            self.refuse("a vector has a negative length")
        high, low = self.integer(), self.integer()
        if not 0 <= high <= 65536:
            self.refuse("a vector is longer than R's can be")
        return high << 32 | (low & 0xFFFFFFFF)

    def at_end(self) -> bool:
        """Whether nothing is left."""
        while self._at == self._end:
            piece = next(self._chunks, None)
            if piece is None:
                return True
            self._before += self._end
            self._buf, self._at, self._end = piece, 0, len(piece)
        return False

    def _order(self) -> str:
        start = self.take(2)
        if start == b"X\n":
            return ">"
        if start == b"B\n":
            return "<"
        if start == b"A\n":
            self.refuse(
                "it is in R's ASCII form, whose decimals do not keep every bit of a number; "
                "saveRDS(model, file) writes the binary one"
            )
        if start + self.take(1) in _SAVE:
            self.refuse("it was written by save(); saveRDS(model, file) writes what is read here")
        return self.refuse("it does not begin as saveRDS() begins a file")

    def _fill(self, size: int) -> None:
        """Have at least so many bytes at hand."""
        pieces = [self._buf[self._at : self._end]]
        have = self._end - self._at
        self._before += self._at
        while have < size:
            self._next()
            pieces.append(self._buf)
            have += self._end
        self._buf = b"".join(pieces)
        self._at, self._end = 0, have

    def _next(self) -> None:
        piece = next(self._chunks, None)
        if piece is None:
            self.refuse("it is cut off")
        self._buf, self._at, self._end = piece, 0, len(piece)
