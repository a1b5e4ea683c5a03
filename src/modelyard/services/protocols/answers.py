"""How an answer leaves: in one piece, since each write of it would be a packet of its own, for
which the caller's process is woken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

_MOST_COPIED = 64 * 1024


class OnePiece:
    """What an application sends in answer to one request, of uvicorn's ``cycle``: a head that tells
    the length of the body, and the whole body. Whatever else it sends, uvicorn sends."""

    __slots__ = ("_cycle", "_is_left", "_start")

    def __init__(self, cycle: Any) -> None:
        self._cycle = cycle
        self._start: Mapping[str, Any] = {}
        self._is_left = False
        """Whether this answer is left to uvicorn."""

    async def send(self, message: Mapping[str, Any]) -> None:
        """Keep a head; send it with the body, unless nobody is there to read it.

        Raises:
            RuntimeError: a header has more than one line.
        """
        if message["type"] == "http.response.start" and not self._is_left:
            self._start = message
            return
        cycle, body = self._cycle, message.get("body", b"")
        if self._is_left or message.get("more_body") or not _tells(self._start, len(body)):
            await self._leave(cycle, message)
            return
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if not cycle.disconnected:
            self._write(cycle, body)
            cycle.response_complete = True
            cycle.message_event.set()
            if not cycle.keep_alive:
                cycle.transport.close()
            cycle.on_response()
        self._cycle = None  # which has this, for its ``send``

    async def _leave(self, cycle: Any, message: Mapping[str, Any]) -> None:
        if not self._is_left:
            self._is_left = True
            await type(cycle).send(cycle, self._start)
        await type(cycle).send(cycle, message)

    def _write(self, cycle: Any, body: bytes) -> None:
        status, headers = self._start["status"], self._start["headers"]
        if (b"connection", b"close") in headers:
            cycle.keep_alive = False
        elif not cycle.keep_alive:
            headers = [*headers, (b"connection", b"close")]
        head = [STATUS_LINE[status]]
        for name, value in (*cycle.default_headers, *headers):
            head += (name, b": ", value, b"\r\n")
        text = b"".join(head)
        if text.count(b"\n") != 1 + len(cycle.default_headers) + len(headers):
            raise RuntimeError("A header of an answer has more than one line.")
        cycle.response_started = True
        cycle.waiting_for_100_continue = False
        if cycle.scope["method"] == "HEAD":
            body = b""
        if len(body) > _MOST_COPIED:
            cycle.transport.write(text + b"\r\n")
            cycle.transport.write(body)
        else:
            cycle.transport.write(b"%b\r\n%b" % (text, body))


def _tells(start: Mapping[str, Any], length: int) -> bool:
    return (b"content-length", b"%d" % length) in start.get("headers", ())
