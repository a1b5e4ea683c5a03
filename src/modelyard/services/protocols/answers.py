"""An answer leaves in one piece: uvicorn writes its head and its body one after the other, and each
would be a packet of its own, for which the caller's process is woken."""

from __future__ import annotations

from typing import Any

_MOST_COPIED = 64 * 1024
_INTERIM = b"HTTP/1.1 1"


class OnePiece:
    """A connection's transport, as the answers on it see it: a head waits for what follows it."""

    __slots__ = ("_head", "_is_begun", "_transport")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._head = b""
        self._is_begun = False

    def write(self, data: bytes) -> None:
        """Keep a head; send it with what follows."""
        if self._head:
            head, self._head = self._head, b""
            if len(data) > _MOST_COPIED:
                self._transport.write(head)
            else:
                data = head + data
        elif not self._is_begun and not data.startswith(_INTERIM):  # a caller waits for those
            self._head = data
            self._is_begun = True
            return
        self._transport.write(data)

    def end(self) -> None:
        """The answer is whole: send a head that nothing follows, as in answer to HEAD."""
        if self._head:
            self._transport.write(self._head)
        self._head = b""
        self._is_begun = False

    def close(self) -> None:
        """Send what is there, and hang up."""
        self.end()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether it is being closed."""
        return bool(self._transport.is_closing())
