"""A tar archive written and read as a stream: plain files only, in the ustar form.

Our own, because what is read comes from anybody: no name in an archive ever becomes a path on
this machine, and nothing but a file or a folder's entry is understood: no link, no device, no
extended header whose length is another's to choose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from modelyard.artifacts.base import Readable
from modelyard.errors import MalformedRequest, TooLarge

BLOCK = 512
MAX_SIZE = 8**11 - 1
_CHUNK = 1 << 20
_MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Member:
    """A file to be written: its name in the archive, its size and its bytes in pieces."""

    name: str
    size_bytes: int
    chunks: Callable[[], Iterable[bytes]]


def write_tar(members: Iterable[Member]) -> Iterator[bytes]:
    """The archive in pieces; the same members give the same bytes."""
    for member in members:
        yield _header(member.name, member.size_bytes)
        yield from member.chunks()
        yield bytes(-member.size_bytes % BLOCK)
    yield bytes(2 * BLOCK)


def _header(name: str, size: int) -> bytes:
    raw = name.encode("ascii")
    if len(raw) > _MAX_NAME or not 0 <= size <= MAX_SIZE:
        raise ValueError(f"{name!r} of {size} bytes does not fit into a ustar archive")
    head = bytearray(BLOCK)
    head[0 : len(raw)] = raw
    head[100:124] = b"0000644\x000000000\x000000000\x00"
    head[124:136] = b"%011o\x00" % size
    head[136:148] = b"%011o\x00" % 0
    head[148:156] = b" " * 8
    head[156:157] = b"0"
    head[257:265] = b"ustar\x0000"
    head[148:156] = b"%06o\x00 " % sum(head)
    return bytes(head)


class Part:
    """The bytes of one file of an archive, read from the archive's own stream."""

    def __init__(self, source: Readable, size_bytes: int) -> None:
        self._source = source
        self._left = size_bytes

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes, all that are left when negative.

        Raises:
            MalformedRequest: when the archive ends before the file does.
        """
        data = _exactly(self._source, self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data


def read_tar(
    source: Readable, *, max_members: int, max_bytes: int
) -> Iterator[tuple[str, Readable]]:
    """Each file of an archive: its name and its bytes, which may be left unread.

    A leading ``./`` is left out of names, folders are skipped.

    Raises:
        MalformedRequest: for what is no archive, is cut off, or has an entry of another kind.
        TooLarge: when the files are more than ``max_bytes`` together.
    """
    room = max_bytes
    for _ in range(max_members + 1):
        head = _exactly(source, BLOCK)
        if head == bytes(BLOCK):
            return
        name, size, kind = _read_header(head)
        if kind == b"5" and size == 0:
            continue
        if kind not in (b"0", b"\0"):
            raise MalformedRequest(f"The archive's entry {name[:80]!r} is not a plain file.")
        room -= size
        if room < 0:
            raise TooLarge(f"The archive's files have more than {max_bytes:,} bytes.")
        part = Part(source, size)
        yield name, part
        while part.read(_CHUNK):
            pass
        _exactly(source, -size % BLOCK)
    raise MalformedRequest(f"The archive has more than {max_members} entries.")


def _read_header(head: bytes) -> tuple[str, int, bytes]:
    blank = head[:148] + b" " * 8 + head[156:]
    if _octal(head[148:156]) != sum(blank):
        raise MalformedRequest("This is no tar archive, or it is damaged.")
    if head[345:500].strip(b"\0") and head[257:263] == b"ustar\0":
        raise MalformedRequest("The archive has a name that is too long.")
    try:
        name = head[:100].split(b"\0")[0].decode("ascii")
    except UnicodeDecodeError:
        raise MalformedRequest("The archive has a name that is not ASCII.") from None
    return name.removeprefix("./"), _octal(head[124:136]), head[156:157]


def _octal(digits: bytes) -> int:
    try:
        text = digits.strip(b" \0").decode("ascii")
        if not text.isdigit():
            raise ValueError
        return int(text, 8)
    except ValueError:
        raise MalformedRequest("This is no tar archive, or it is damaged.") from None


def _exactly(source: Readable, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        chunk = source.read(size - len(found))
        if not chunk:
            raise MalformedRequest("The archive is cut off.")
        found += chunk
    return bytes(found)
