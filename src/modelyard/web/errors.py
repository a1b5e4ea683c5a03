"""Whatever goes wrong leaves in the one envelope, with a status from the one table."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from modelyard.access.bearer import read_authorization
from modelyard.access.identify import authenticate
from modelyard.access.routes import account_of, client_of
from modelyard.errors import (
    Detail,
    InvalidValue,
    MalformedRequest,
    ModelyardError,
    NotFound,
)
from modelyard.http_status import body_of, headers_of, status_of


def error_response(
    error: ModelyardError, request: Request, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer an error becomes."""
    headers = {**(headers or {}), **headers_of(error)}
    body = body_of(error, getattr(request.state, "request_id", None), request.scope["path"])
    return JSONResponse(body, status_of(error), headers)


def add_handlers(app: FastAPI) -> None:
    """Teach the app what to answer when a request fails."""
    app.add_exception_handler(ModelyardError, _on_modelyard_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(UnicodeEncodeError, _on_broken_text)


async def _on_modelyard_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ModelyardError)
    return error_response(error, request)


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    details = [Detail(e["msg"], column=str(e["loc"][-1])) for e in error.errors()]
    what = ", ".join(str(d.column) for d in details)
    return error_response(
        InvalidValue(f"The request cannot be used: {what}.", details=details), request
    )


async def _on_broken_text(request: Request, error: Exception) -> Response:
    """JSON can write half of a surrogate pair, and nothing can store it."""
    assert isinstance(error, UnicodeEncodeError)
    broken = InvalidValue("A text of the request holds half of a surrogate pair, which is no text.")
    return error_response(broken, request)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """No such route, or not by this method; who has no token learns not even that."""
    assert isinstance(error, HTTPException)
    try:
        secret = read_authorization(request.headers.get("authorization"))
        await run_in_threadpool(authenticate, account_of(request), secret, client_of(request))
    except ModelyardError as e:
        return error_response(e, request)
    asked = f"{request.method[:16]} {request.url.path[:200]}"
    found: ModelyardError
    if error.status_code in (404, 405):
        found = NotFound(f"There is no {asked}.", hint="/openapi.json describes what there is.")
    else:
        found = MalformedRequest(f"{asked} cannot be answered: {error.detail}.")
    return error_response(found, request, error.headers)
