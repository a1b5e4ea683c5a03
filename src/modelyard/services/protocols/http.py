"""The HTTP of a service host: rows are scored, the service is described, life is asked for.

Every call needs a token but those that ask for life, which say nothing but ok or not ready.
A request passes: token, route, body within its limit and its time, then the version that answers.
Whatever goes wrong leaves in the one error envelope, or in that of the protocol asked in.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from modelyard.access.body import read_body, too_large
from modelyard.access.headers import CODING, check_headers
from modelyard.access.request_id import request_id_of
from modelyard.errors import Internal, MalformedRequest, ModelyardError, NotFound, Unavailable
from modelyard.http_status import body_of, headers_of, status_of
from modelyard.json_rows import Dialect
from modelyard.json_rows.tensors import HEAD_LENGTH
from modelyard.registry.types import ModelVersion
from modelyard.scoring.dialects import BY_CELL, mlflow_of, tensors_of
from modelyard.scoring.frames import JSON, Answer, Call, answer_type, media_type
from modelyard.services.about import About
from modelyard.services.protocols.door import Door, Who
from modelyard.services.protocols.openapi import openapi
from modelyard.services.protocols.routes import (
    OPEN,
    READING,
    Response,
    as_figures,
    as_json,
    find_route,
    opened,
    told,
)
from modelyard.services.protocols.slow import CONNECTION

log = logging.getLogger("modelyard.services")
T = TypeVar("T")
Headers = Mapping[bytes, bytes]

_AT_ONCE_BYTES = 64 * 1024
"""A body of up to so many that came with its headers is taken as it is. Of a larger one the server
has stopped to read the connection, and goes on once the body is taken the usual way."""
_TRUE = frozenset({"true", "1", "yes"})
_FALSE = frozenset({"false", "0", "no", ""})
_GONE = 499
"""Counts callers who went away; nobody gets it."""


class Backend(Protocol):
    """What the app serves."""

    def authorise(self, authorization: bytes, client: str | None) -> None:
        """Return if this header may call from this address; else Unauthenticated or Forbidden.

        It blocks, and is called from a thread.
        """
        ...

    def answer(
        self, call: Call, request_id: str, until: float, is_gone: Callable[[], bool]
    ) -> Awaitable[Answer]:
        """Score the rows of ``call`` by the loop's time ``until``."""
        ...

    def refused(self, request_id: str, status: int, code: str, message: str) -> None:
        """Count and log a request that was answered an error, or none as its caller had gone."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """Name, version and signature."""
        ...

    def about(self, version: str | None = None) -> About:
        """The service and the version that answers, or this one where several do."""
        ...

    async def metrics(self) -> bytes:
        """Its figures, as Prometheus reads them."""
        ...

    def samples(self, version: ModelVersion) -> Sequence[Mapping[str, Any]]:
        """Some sample rows of a version, as JSON writes them. It blocks."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether requests can be scored now."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may be, and how long it may take, in seconds."""

    json_bytes: int
    body_bytes: int
    deadline_s: float


class App:
    """The ASGI application of one service, without a framework: it is most of a request's time."""

    def __init__(self, backend: Backend, limits: Limits, threads: Executor) -> None:
        self._backend = backend
        self.limits = limits
        self.closes = False
        """Whether every answer is the last of its connection."""
        self._threads = threads
        self._door = Door(backend.authorise, threads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id")
        request_id = request_id_of(None if given is None else _latin(given))
        try:
            response = await self._respond(scope, headers, receive, request_id)
        except (Gone, asyncio.CancelledError):
            self._backend.refused(request_id, _GONE, "gone", "the caller went away")
            return
        except ModelyardError as e:
            response = self._refused(e, request_id, scope["path"])
        except Exception:
            log.exception("request %s failed", request_id)
            hint = "The service's log has the cause under this request id."
            error = Internal("Something went wrong here.", hint=hint)
            response = self._refused(error, request_id, scope["path"])
        status, form, more, body = response
        start = [
            (b"content-type", form),
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", request_id.encode()),
            *more,
        ]
        if self.closes:
            start.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": start})
        await send({"type": "http.response.body", "body": body})

    def _refused(self, error: ModelyardError, request_id: str, path: str) -> Response:
        status = status_of(error)
        self._backend.refused(request_id, status, error.code, error.message)
        more = [(name.encode(), value.encode()) for name, value in headers_of(error).items()]
        return status, JSON.encode(), more, json.dumps(body_of(error, request_id, path)).encode()

    def _respond(
        self, scope: Scope, headers: Headers, receive: Receive, request_id: str
    ) -> Awaitable[Response]:
        """The usual request goes by the shortest way: whatever it awaits costs time."""
        if len(headers) != len(scope["headers"]) or CODING in headers:
            check_headers(scope["headers"])
        client = scope.get("client")
        who = headers.get(b"authorization", b""), client[0] if client else None
        if scope["path"] == "/predict" and scope["method"] == "POST" and self._door.knows(who):
            form = _form_of(headers.get(b"content-type", b""))
            return self._predict(scope, headers, receive, request_id, form, None)
        return self._routed(scope, headers, receive, request_id, who)

    async def _routed(
        self, scope: Scope, headers: Headers, receive: Receive, request_id: str, who: Who
    ) -> Response:
        path, method = scope["path"], scope["method"]
        if path in OPEN and method in READING:
            return opened(path, self._backend.is_ready)
        if not self._door.knows(who):
            await self._door.enter(who)
        route = find_route(path)
        if method not in route.methods:
            raise NotFound(f"{path[:80]} answers {route.methods[0]}, not {method[:16]}.")
        if route.model is not None:
            self._backend.about(route.version).check_model(route.model)
        match route.kind:
            case "predict":
                form, dialect = _form_of(headers.get(b"content-type", b"")), None
            case "mlflow":
                form, dialect = mlflow_of(_latin(headers.get(b"content-type", b"")))
            case "tensors":
                length = headers.get(HEAD_LENGTH.encode())
                form, dialect = tensors_of(None if length is None else _latin(length))
            case "describe":
                return as_json(self._backend.describe())
            case "figures":
                return as_figures(await self._backend.metrics())
            case "openapi":
                about = self._backend.about()
                samples = await self._in_thread(lambda: self._backend.samples(about.version))
                return as_json(openapi(about, samples))
            case kind:
                if kind == "ready":
                    self._check_ready()
                return told(kind, self._backend.about(route.version))
        asked = form, dialect, route.version
        return await self._predict(scope, headers, receive, request_id, *asked)

    async def _predict(
        self,
        scope: Scope,
        headers: Headers,
        receive: Receive,
        request_id: str,
        form: str,
        dialect: Dialect | None,
        version: str | None = None,
    ) -> Response:
        until = asyncio.get_running_loop().time() + self.limits.deadline_s
        wanted = _wanted(headers.get(b"accept", b""), form if dialect is None else JSON)
        strict = _strict(scope["query_string"]) if scope["query_string"] else False
        self._check_ready()
        most = self.limits.json_bytes if form in BY_CELL else self.limits.body_bytes
        connection = scope.pop(CONNECTION, _UNKNOWN)  # which has the scope
        body = connection.body
        if connection.more_body or len(body) > _AT_ONCE_BYTES:
            body = await _body(headers, receive, most)
        elif len(body) > most:
            raise too_large(most)
        call = Call(body, form, JSON if dialect else wanted, strict, dialect, version)
        answer = await self._backend.answer(
            call, request_id, until, lambda: connection.disconnected
        )
        return 200, answer.form.encode(), _headers(answer), answer.body

    def _check_ready(self) -> None:
        if not self._backend.is_ready:
            raise Unavailable("This service is not ready yet.", hint="Try again shortly.")

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


class Connection(Protocol):
    """What the server knows of a request's connection."""

    disconnected: bool
    body: bytearray
    """What has come of the body."""
    more_body: bool


class _Unknown:
    disconnected = False
    body = bytearray()
    more_body = True


_UNKNOWN = _Unknown()


class Gone(Exception):
    """The caller went away."""


async def _body(headers: Headers, receive: Receive, most: int) -> bytearray:
    length = headers.get(b"content-length")
    return await read_body(_chunks(receive), None if length is None else _latin(length), most)


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


def _headers(answer: Answer) -> Sequence[tuple[bytes, bytes]]:
    if answer.notes or answer.warnings or answer.more:
        said = answer.headers().items()
        return [(name.encode(), value.encode()) for name, value in said]
    return (
        (b"x-modelyard-version", answer.version.encode()),
        (b"x-modelyard-rows", answer.rows.encode()),
    )


@lru_cache(maxsize=64)
def _form_of(content_type: bytes) -> str:
    return media_type(_latin(content_type))


@lru_cache(maxsize=256)
def _wanted(accept: bytes, form: str) -> str:
    return answer_type(_latin(accept), form)


def _strict(query: bytes) -> bool:
    return _flag(dict(parse_qsl(_latin(query), keep_blank_values=True)).get("strict", ""))


def _latin(header: bytes) -> str:
    return header.decode("latin-1")


def _flag(text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise MalformedRequest(f"strict is true or false, not {text[:40]!r}.")
    return text.lower() in _TRUE
