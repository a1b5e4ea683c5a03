"""Connections that misbehave: one that is too slow is closed, one that speaks no HTTP is told."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from modelyard.errors import MalformedRequest, ModelyardError
from modelyard.http_status import headers_of, status_of
from modelyard.services.protocols.answers import OnePiece

CONNECTION = "modelyard.connection"
"""Where the application finds what is known of a request's connection."""
HEADERS_DEADLINE_S = 10.0
MOST_HEADER_BYTES = 256 * 2**10

Refused = Callable[[str, int, str, str], None]
"""Is told the id of a request, and the status, code and message of its error."""


def tell_nobody(*_: object) -> None:
    """A server that counts no refusals."""


def refusal(error: ModelyardError, tell: Refused) -> bytes:
    """The answer, in HTTP/1.1, to what never becomes a request of the application; it is told."""
    request_id = uuid.uuid4().hex
    status = HTTPStatus(status_of(error))
    tell(request_id, status.value, error.code, error.message)
    body = json.dumps(error.envelope(request_id)).encode()
    headers = {**headers_of(error), "content-type": "application/json"}
    headers |= {"content-length": str(len(body)), "x-request-id": request_id}
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([*lines, "connection: close", "", ""])
    return head.encode("ascii") + body


class DeadlineProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with a deadline for the request line and the headers.

    The time runs from the moment the connection is made, and on a connection that is kept from
    the first byte of the next request.
    """

    tell: Refused = staticmethod(tell_nobody)
    _headers_timer: asyncio.TimerHandle | None = None
    _is_begun = False
    """Whether headers have begun, and not ended."""
    _header_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Start the time of the first request."""
        super().connection_made(transport)
        self._is_begun = True
        self._start()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Give up a request line and headers that have no end."""
        super().data_received(data)
        if self._is_begun and not self.transport.is_closing():
            if self._headers_timer is None:
                self._start()
            self._header_bytes += len(data)
            if self._header_bytes > MOST_HEADER_BYTES:
                self.send_400_response("too large")

    def on_message_begin(self) -> None:
        """Its time starts, unless its headers have come whole in the same piece of data."""
        super().on_message_begin()
        self._is_begun = True

    def on_headers_complete(self) -> None:
        """It came in time; the application may look at its connection.

        Raises:
            ValueError: it asks for another protocol. The parser reads no body of such a request,
                and would take it for the next one.
        """
        self._stop()
        if self.parser.should_upgrade():
            raise ValueError("Upgrade")
        super().on_headers_complete()
        cycle: Any = self.cycle
        scope: Any = self.scope
        cycle.send = OnePiece(cycle).send
        scope[CONNECTION] = cycle

    def send_400_response(self, msg: str) -> None:
        """Say what cannot be read in the one error envelope, and close; behind requests that can
        be read, close once these have their answers."""
        cycle: Any = self.cycle
        if cycle is not None and not cycle.response_complete and not cycle.more_body:
            self._stop()
            cycle.keep_alive = False
            return
        hint = "Send plain HTTP/1.1, without an upgrade to another protocol such as h2c."
        error = MalformedRequest("This is not HTTP/1.1 that can be read.", hint=hint)
        self.transport.write(refusal(error, self.tell))
        self.transport.close()

    def _start(self) -> None:
        self._headers_timer = self.loop.call_later(HEADERS_DEADLINE_S, self._too_slow)

    def _stop(self) -> None:
        self._header_bytes = 0
        self._is_begun = False
        if self._headers_timer is not None:
            self._headers_timer.cancel()
            self._headers_timer = None

    def _too_slow(self) -> None:
        self._headers_timer = None
        if not self.transport.is_closing():
            self.transport.close()
