"""Around every request: its id, a line in the log, and an answer even when all else fails."""

from __future__ import annotations

import logging
import time

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelyard.access.headers import check_headers
from modelyard.access.request_id import request_id_of
from modelyard.errors import Internal, ModelyardError
from modelyard.web.errors import error_response

log = logging.getLogger("modelyard.web")


class Requests:
    """ASGI middleware, the outermost: nothing passes it by, and nothing escapes it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(Request(scope).headers.get("x-request-id"))
        scope.setdefault("state", {})["request_id"] = request_id
        began, status = time.monotonic(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self._pass(scope, receive, send_with_id)
        except ClientDisconnect:
            log.info("%s the caller went away", request_id)
        except Exception:
            log.exception("%s failed", request_id)
            if status:  # the answer has begun: cutting it short is all that is left
                raise
            hint = "The server's log has the cause under this request id."
            failed = Internal("Something went wrong in the server.", hint=hint)
            await error_response(failed, Request(scope))(scope, receive, send_with_id)
        finally:
            took_ms = (time.monotonic() - began) * 1000
            method, path = scope["method"], scope["path"]
            log.info("%s %s %r %d %.1f ms", request_id, method, path, status, took_ms)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand it on, unless its headers cannot be taken."""
        try:
            check_headers(scope["headers"])
        except ModelyardError as e:
            await error_response(e, Request(scope))(scope, receive, send)
        else:
            await self._app(scope, receive, send)
