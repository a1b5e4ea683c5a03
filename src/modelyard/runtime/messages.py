"""What a worker and its parent say to each other: small typed messages over a socket.

On the wire: the length of the rows and of the message (8 bytes each), the rows as R serialises a
data frame (``r/rds.py``), the message as MessagePack; all of it is handed to the system at once.
Files travel as open descriptors beside it.
"""

from __future__ import annotations

import socket
import struct
import time
from array import array
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from modelyard.runtime.sandbox.plan import Isolation

_LENGTHS = struct.Struct("<QQ")
LENGTHS_BYTES = _LENGTHS.size
_CHUNK = 1 << 20
_USUAL_BYTES = 64 * 1024
"""A message of up to so many is received at once."""
_MOST_PIECES = 1000
"""Of one message: the system takes 1,024 at once."""
SKEW = 2
"""Bytes left free before the rows of a message: the doubles of a frame without other columns then
lie aligned in memory, and need no copy."""

Rows = Sequence[bytes | memoryview]
"""The bytes of a frame in pieces, to be put one behind the other."""
Room = Callable[[int], memoryview]
"""Gives memory of so many bytes."""


class Load(msgspec.Struct, tag=True, frozen=True):
    """Load a model: descriptors of its bytes, and of its predict body when it has one, follow."""

    digest: str
    body_digest: str | None
    fn: str
    packages: list[str]
    args: dict[str, Any]
    needs: list[str]
    """Packages that were needed when the version was logged."""


class Scan(msgspec.Struct, tag=True, frozen=True):
    """Tell what a model's bytes hold, before R sees them; descriptors follow as with ``Load``."""

    digest: str
    body_digest: str | None


class Put(msgspec.Struct, tag=True, frozen=True):
    """Keep a file of the author's for the model to come: its descriptor follows."""

    role: str
    digest: str


class Inspect(msgspec.Struct, tag=True, frozen=True):
    """Tell what the loaded model is."""

    sample_rows: int


class Predict(msgspec.Struct, tag=True, frozen=True):
    """Score the rows that follow, in one call of R; ``seed`` starts R's random numbers."""

    request_id: str
    seed: int | None = None


class Ready(msgspec.Struct, tag=True, frozen=True):
    """R has started, and the worker is shut in."""

    r_version: str
    seconds: float
    isolation: Isolation


class Kept(msgspec.Struct, tag=True, frozen=True):
    """The file is in its place."""


class Loaded(msgspec.Struct, tag=True, frozen=True):
    """The model is loaded; ``seconds`` it took."""

    seconds: float


class Scanned(msgspec.Struct, tag=True, frozen=True):
    """The reports (``Contents``) of the model's file and of the predict body's, if there is one."""

    model: dict[str, Any]
    body: dict[str, Any] | None


class Inspected(msgspec.Struct, tag=True, frozen=True):
    """What the model is; its own sample rows follow when it kept any.

    ``kind`` is what it is for, as R's ``model_task()`` says; ``row_independent`` is False where
    its class is known to look at the other rows of a request.
    """

    model_class: list[str]
    kind: str
    levels: dict[str, dict[str, Any]]
    predictors: list[str]
    row_independent: bool
    link_scale: bool
    r_version: str
    platform: str
    packages: list[dict[str, str]]
    """Fields of the DESCRIPTION of each package that is needed or loaded."""
    builders: list[dict[str, str]]
    """The same of those they are compiled against, and do not need otherwise."""
    roots: list[str]


class Answer(msgspec.Struct, tag=True, frozen=True):
    """The predictions follow."""

    warnings: list[str]
    seconds: float


class Spent(msgspec.Struct, tag=True, frozen=True):
    """The rows were not looked at: an earlier request has left R in a state, told by ``reason``,
    that cannot be put back."""

    reason: str


class Fault(msgspec.Struct, tag=True, frozen=True):
    """It did not work: a code of ``errors.py``, a message for the caller and a hint.

    ``names`` are the packages that are missing.
    """

    code: str
    message: str
    hint: str | None = None
    details: list[str] = []
    names: list[str] = []


Asked = Put | Load | Scan | Inspect | Predict
Said = Ready | Kept | Loaded | Scanned | Inspected | Answer | Spent | Fault
Message = Asked | Said

MOST_MESSAGE_BYTES = 16 * 2**20
"""Of a message from an end that is not trusted, without its rows."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Message)


class Garbled(Exception):
    """What came is no message, or one that is too large; the text says which."""


def parts_of(message: Message, rows: Rows = ()) -> list[bytes | memoryview]:
    """All bytes of a message, in pieces to be sent one behind the other."""
    head = _encoder.encode(message)
    if len(rows) > _MOST_PIECES:
        rows = (b"".join(rows),)
    return [_LENGTHS.pack(sum(map(len, rows)), len(head)), *rows, head]


def sizes_of(lengths: bytes | memoryview, most_bytes: int | None) -> tuple[int, int]:
    """Bytes of the rows and of the message that follow these first ones.

    Raises:
        Garbled: they are more than is allowed.
    """
    size, head = _LENGTHS.unpack(lengths)
    if most_bytes is not None and (size > most_bytes or head > MOST_MESSAGE_BYTES):
        raise Garbled(f"a message of {size + head:,} bytes")
    return size, head


def decoded(data: memoryview) -> Message:
    """The message of these bytes.

    Raises:
        Garbled: they are none.
    """
    try:
        found: Message = _decoder.decode(data)
        return found
    except Exception as e:  # whatever a hostile end makes a decoder raise means the same
        raise Garbled(f"bytes that are no message ({type(e).__name__})") from e


_NO_ROWS = memoryview(bytearray())


def _bytes(size: int) -> memoryview:
    return memoryview(bytearray(SKEW + size))[SKEW:]


class Channel:
    """One end of the conversation. Not safe for two threads at once.

    A worker trusts its parent. A parent takes its worker for hostile and gives ``most_bytes``, what
    the rows of one message may take: lengths beyond it are :class:`Garbled`, as are bytes that are
    no message.
    """

    def __init__(self, sock: socket.socket, most_bytes: int | None = None) -> None:
        self._sock = sock
        self._most_bytes = most_bytes
        self._timeout: float | None = None
        self._usual = memoryview(bytearray(_USUAL_BYTES))
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, _CHUNK)

    def settimeout(self, seconds: float | None) -> None:
        """Let every following message take ``seconds`` at most, else ``TimeoutError``."""
        self._timeout = seconds
        self._sock.settimeout(seconds)

    def send(self, message: Message, rows: Rows = (), files: Sequence[int] = ()) -> None:
        """Send a message, the pieces of its rows with it, and open files beside it."""
        parts = parts_of(message, rows)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", files))] if files else []
        sent = self._sock.sendmsg(parts, rights)
        for part in parts:
            if sent < len(part):
                self._sock.sendall(memoryview(part)[sent:])
            sent = max(sent - len(part), 0)

    def receive(
        self, max_files: int = 0, room: Room = _bytes
    ) -> tuple[Message, memoryview, list[int]]:
        """The next message, the bytes of its rows, none or all, and its files.

        ``room`` gives the memory that the rows are received into. The other end sends nothing
        more before it has an answer.

        Raises:
            EOFError: the other end has gone.
            TimeoutError: it did not come, whole, in time.
            Garbled: it is none; nothing more can be received.
        """
        end = None if self._timeout is None else time.monotonic() + self._timeout
        filled, files = self._begin(max_files)
        while filled < LENGTHS_BYTES:
            filled += self._more(self._usual[filled:LENGTHS_BYTES], end)
        size, head = sizes_of(self._usual[:LENGTHS_BYTES], self._most_bytes)
        here = self._usual[LENGTHS_BYTES:filled]
        if len(here) > size + head:
            raise Garbled("more than one message")
        rows = room(size) if size else _NO_ROWS
        rest = memoryview(bytearray(head))
        n = min(size, len(here))
        rows[:n] = here[:n]
        rest[: len(here) - n] = here[n:]
        for left in (rows[n:], rest[len(here) - n :]):
            while left:
                left = left[self._more(left, end) :]
        return decoded(rest), rows, files

    def _begin(self, max_files: int) -> tuple[int, list[int]]:
        """Read what is there, at once all of a usual message; its bytes, and its files."""
        space = socket.CMSG_SPACE(4 * max_files) if max_files else 0
        n, said, _, _ = self._sock.recvmsg_into([self._usual], space)
        if n == 0:
            raise EOFError
        files = array("i")
        for level, kind, data in said:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                files.frombytes(data)
        return n, files.tolist()

    def _more(self, into: memoryview, end: float | None) -> int:
        if end is not None:  # a byte now and then must not stretch the time
            self._sock.settimeout(max(end - time.monotonic(), 1e-6))
        n = self._sock.recv_into(into)
        if n == 0:
            raise EOFError
        return n

    def detach(self) -> tuple[socket.socket, int | None]:
        """This end's socket, for whoever goes on with it, and the most bytes of one message."""
        return self._sock.dup(), self._most_bytes

    def close(self) -> None:
        """Close this end; the other sees ``EOFError``."""
        self._sock.close()
