"""Connections that misbehave: one that is too slow is closed, one that speaks no HTTP is told."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from modelyard.errors import MalformedRequest

CONNECTION = "modelyard.connection"
"""Where the application finds what is known of a request's connection."""
HEADERS_DEADLINE_S = 10.0
MOST_HEADER_BYTES = 256 * 2**10


class DeadlineProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with a deadline for the request line and the headers.

    The time runs from the moment the connection is made, and on a connection that is kept from
    the first byte of the next request.
    """

    _headers_timer: asyncio.TimerHandle | None = None
    _header_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Start the time of the first request."""
        super().connection_made(transport)
        self._start()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Give up a request line and headers that have no end."""
        super().data_received(data)
        if self._headers_timer is not None and not self.transport.is_closing():
            self._header_bytes += len(data)
            if self._header_bytes > MOST_HEADER_BYTES:
                self.send_400_response("too large")

    def on_message_begin(self) -> None:
        """Start the time of a further request; that of the first runs already."""
        super().on_message_begin()
        if self._headers_timer is None:
            self._start()

    def on_headers_complete(self) -> None:
        """It came in time; the application may look at its connection."""
        self._stop()
        super().on_headers_complete()
        cast(dict[str, Any], self.scope)[CONNECTION] = self.cycle

    def send_400_response(self, msg: str) -> None:
        """Say what cannot be read in the one error envelope, and close."""
        request_id = uuid.uuid4().hex
        error = MalformedRequest("This is not HTTP/1.1 that can be read.")
        body = json.dumps(error.envelope(request_id)).encode()
        head = (
            f"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()

    def _start(self) -> None:
        self._headers_timer = self.loop.call_later(HEADERS_DEADLINE_S, self._too_slow)

    def _stop(self) -> None:
        self._header_bytes = 0
        if self._headers_timer is not None:
            self._headers_timer.cancel()
            self._headers_timer = None

    def _too_slow(self) -> None:
        self._headers_timer = None
        if not self.transport.is_closing():
            self.transport.close()
