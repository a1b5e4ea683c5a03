"""The stored bytes of a model: proven to be those that were logged, then unpacked within bounds.

One bit that flipped on a disk may load and predict something else, so no byte goes further before
the digest of all of them is right. No R here.
"""

from __future__ import annotations

import bz2
import hashlib
import lzma
import mmap
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from modelyard.errors import ModelRejected

PIECE = 1 << 18
FREE_BYTES = 64 * 2**20
"""Up to so many unpacked bytes any ratio is taken: a small file of zeros harms nobody."""
MAX_RATIO = 250
"""Beyond them, unpacked bytes a stored one. Real models stay below 10; deflate ends at 1,030."""
MAX_UNPACKED = 16 * 2**30


@contextmanager
def checked(fd: int, digest: str) -> Iterator[memoryview]:
    """The bytes of an open file, once their SHA-256 is what it should be; closes it.

    Raises:
        ModelRejected: when it is empty, or was changed since it was logged.
    """
    with os.fdopen(fd, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise ModelRejected("The model's file is empty.")
        # Unmapped with its last piece: an error on its way up may still hold one.
        view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        found = hashlib.sha256(view).hexdigest()
        if found != digest:
            raise ModelRejected(
                f"The stored bytes have the digest {found[:12]}…, not {digest[:12]}…: "
                "they were changed after they were logged, and are not loaded."
            )
        yield view


def unpacked(data: memoryview) -> Iterator[memoryview]:
    """The bytes in pieces of at most ``PIECE``, decompressed when they are gzip, bzip2 or xz.

    Raises:
        ModelRejected: when they are damaged, or expand beyond all measure.
    """
    start = bytes(data[:6])
    if start[:2] == b"\x1f\x8b":
        return _inflated(data, _Deflate)
    if start[:3] == b"BZh":
        return _inflated(data, bz2.BZ2Decompressor)
    if start == b"\xfd7zXZ\0":
        return _inflated(data, lambda: lzma.LZMADecompressor(memlimit=2**28))
    return (data[at : at + PIECE] for at in range(0, len(data), PIECE))


class _Deflate:
    """zlib with the face of the other two."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self.unused_data = b""

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    def decompress(self, data: bytes | memoryview, max_length: int) -> bytes:
        found = self._stream.decompress(self._stream.unconsumed_tail or data, max_length)
        self.unused_data = self._stream.unused_data
        return found


def _inflated(data: memoryview, start: Callable[[], Any]) -> Iterator[memoryview]:
    given = total = 0
    stream = start()
    try:
        while True:
            piece: bytes | memoryview = b""
            if stream.needs_input:
                piece = data[given : given + PIECE]
                given += len(piece)
                if not piece:
                    raise EOFError("it is cut off")
            found = stream.decompress(piece, PIECE)
            total += len(found)
            _check_size(total, given)
            if found:
                yield memoryview(found)
            if stream.eof:
                given -= len(stream.unused_data)
                if given == len(data):
                    return
                stream = start()  # files may be joined
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as e:
        raise ModelRejected(f"The model's file cannot be decompressed: {e}.") from e


def _check_size(total: int, given: int) -> None:
    if total > MAX_UNPACKED or (total > FREE_BYTES and total > MAX_RATIO * given):
        raise ModelRejected(
            f"The model's file expands from {given:,} bytes to more than {total:,}.",
            hint="Files that R compresses do not. Save the model again with saveRDS().",
        )
