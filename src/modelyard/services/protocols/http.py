"""The HTTP of a service host: one route to predict, one to describe, two to ask for life.

Every call needs a token but ``/livez`` and ``/readyz``, which say nothing but ok or not ready.
A request passes: token, route, body within its limit and its time, a place in the queue, then
one thread that decodes, scores and encodes. Whatever goes wrong leaves in the one error envelope.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from modelyard.access.bearer import read_authorization
from modelyard.access.body import read_body
from modelyard.access.request_id import request_id_of
from modelyard.errors import (
    Internal,
    MalformedRequest,
    ModelyardError,
    NotFound,
    Overloaded,
    Unavailable,
)
from modelyard.http_status import headers_of, status_of
from modelyard.scoring.frames import JSON, Answer, Call, answer_type, media_type

log = logging.getLogger("modelyard.services")
T = TypeVar("T")

_OPEN = frozenset({"/livez", "/readyz"})
_OPEN_METHODS = ("GET", "HEAD")
_ROUTES = {"/": _OPEN_METHODS, **dict.fromkeys(_OPEN, _OPEN_METHODS), "/predict": ("POST",)}
_TRUE = frozenset({"true", "1", "yes"})
_FALSE = frozenset({"false", "0", "no", ""})


class Backend(Protocol):
    """What the app serves. Its methods block, and are called from threads."""

    def authorise(self, secret: str) -> None:
        """Return if this token may call this service; else Unauthenticated or Forbidden."""
        ...

    def answer(self, call: Call, request_id: str, deadline_s: float) -> Answer:
        """Score the rows of ``call`` within ``deadline_s`` seconds."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """Name, version and signature."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether requests can be scored now."""
        ...

    @property
    def version(self) -> str:
        """The version that answers."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may be, and how many may run and wait at once."""

    json_bytes: int
    body_bytes: int
    deadline_s: float
    running: int
    waiting: int = 256


class App:
    """The ASGI application of one service."""

    def __init__(
        self,
        backend: Backend,
        limits: Limits,
        threads: Executor,
    ) -> None:
        self._backend = backend
        self._limits = limits
        self._threads = threads
        self._running = asyncio.Semaphore(limits.running)
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        request_id = request_id_of(request.headers.get("x-request-id"))
        try:
            response = await self._respond(request, request_id)
        except ClientDisconnect:
            log.info("request %s: the caller went away", request_id)
            return
        except ModelyardError as e:
            log.info("request %s: %s: %s", request_id, e.code, e.message)
            response = _error(e, request_id)
        except Exception:
            log.exception("request %s failed", request_id)
            hint = "The service's log has the cause under this request id."
            response = _error(Internal("Something went wrong here.", hint=hint), request_id)
        response.headers["x-request-id"] = request_id
        await response(scope, receive, send)

    async def _respond(self, request: Request, request_id: str) -> Response:
        path, method = request.url.path, request.method
        if path in _OPEN and method in _OPEN_METHODS:
            if path == "/livez" or self._backend.is_ready:
                return PlainTextResponse("ok")
            return PlainTextResponse("not ready", 503)
        secret = read_authorization(request.headers.get("authorization"))
        await self._in_thread(lambda: self._backend.authorise(secret))
        methods = _ROUTES.get(path)
        if methods is None:
            raise NotFound(
                f"This service has no {path[:80]!r}.", hint="Rows are scored by POST /predict."
            )
        if method not in methods:
            raise NotFound(f"{path} answers {methods[0]}, not {method[:16]}.")
        if path == "/":
            return JSONResponse(dict(self._backend.describe()))
        return await self._predict(request, request_id)

    async def _predict(self, request: Request, request_id: str) -> Response:
        deadline = asyncio.get_running_loop().time() + self._limits.deadline_s
        form = media_type(request.headers.get("content-type"))
        wanted = answer_type(request.headers.get("accept"), form)
        strict = _flag(request.query_params.get("strict", ""))
        if not self._backend.is_ready:
            raise Unavailable("This service is not ready yet.", hint="Try again shortly.")
        most = self._limits.json_bytes if form == JSON else self._limits.body_bytes
        length = request.headers.get("content-length")
        call = Call(await read_body(request.stream(), length, most), form, wanted, strict)
        answer = await self._in_turn(call, request_id, deadline)
        headers = answer.headers(self._backend.version)
        return Response(answer.body, media_type=answer.form, headers=headers)

    async def _in_turn(self, call: Call, request_id: str, deadline: float) -> Answer:
        """Wait for a free place, at most until the deadline, then score."""
        if self._running.locked() and self._waiting >= self._limits.waiting:
            raise Overloaded("Too many requests are waiting already.", hint="Try again shortly.")
        clock = asyncio.get_running_loop().time
        self._waiting += 1
        try:
            await asyncio.wait_for(self._running.acquire(), deadline - clock())
        except TimeoutError:
            hint = "Try again shortly, or deploy with more workers."
            raise Overloaded("No worker came free before the deadline.", hint=hint) from None
        finally:
            self._waiting -= 1
        try:
            left = max(deadline - clock(), 0.001)
            return await self._in_thread(lambda: self._backend.answer(call, request_id, left))
        finally:
            self._running.release()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _error(error: ModelyardError, request_id: str) -> Response:
    return JSONResponse(error.envelope(request_id), status_of(error), headers_of(error))


def _flag(text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise MalformedRequest(f"strict is true or false, not {text[:40]!r}.")
    return text.lower() in _TRUE
