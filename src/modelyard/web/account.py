"""HTTP for the account itself: what it is, how it is set, and its end."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, PlainTextResponse

import modelyard
from modelyard.access import Actor, record
from modelyard.access.routes import account_of, may, read_json
from modelyard.compute.local import find_r
from modelyard.errors import InvalidValue, Unavailable

router = APIRouter()


@router.get("/livez")
def livez() -> PlainTextResponse:
    """The process is there."""
    return PlainTextResponse("ok")


@router.get("/readyz")
def readyz(request: Request) -> PlainTextResponse:
    """It takes requests."""
    if request.app.state.is_ready:
        return PlainTextResponse("ok")
    return PlainTextResponse("not ready", 503)


@router.get("/openapi.json", dependencies=[Depends(may("account.read"))])
def openapi(request: Request) -> JSONResponse:
    """This API, described."""
    return JSONResponse(request.app.openapi())


@router.get("/api/v1/account")
def account(
    request: Request, actor: Annotated[Actor, Depends(may("account.read"))]
) -> JSONResponse:
    """Which account this is, and who asks."""
    settings = account_of(request).settings
    return JSONResponse(
        {
            "version": modelyard.__version__,
            "url": str(request.base_url).rstrip("/"),
            "actor": actor.name,
            "role": actor.role,
            "default_database": settings.default_database,
            "default_schema": settings.default_schema,
            "r_version": _r_version(settings.r_home),
        }
    )


@router.get("/api/v1/isolation", dependencies=[Depends(may("account.read"))])
def isolation(request: Request) -> JSONResponse:
    """How well the workers of this account are shut in, found by starting one if need be."""
    found = account_of(request)
    now = found.workers.try_sandbox()
    return JSONResponse(
        {
            "level": now.level.value,
            "min_isolation": found.settings.min_isolation,
            "missing": list(now.missing),
            "notes": list(now.notes),
        }
    )


def _r_version(r_home: str) -> str | None:
    try:
        return find_r(r_home).version
    except Unavailable:
        return None


@router.get("/api/v1/settings", dependencies=[Depends(may("settings.read"))])
def settings(request: Request) -> JSONResponse:
    """Every setting with its value and its default."""
    now = account_of(request).settings
    shown = {
        f.name: {"value": _plain(getattr(now, f.name)), "default": _plain(f.default)}
        for f in fields(now)
    }
    return JSONResponse({"settings": shown})


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


@router.post("/api/v1/shutdown", status_code=202)
async def shutdown(
    request: Request, actor: Annotated[Actor, Depends(may("server.shutdown"))]
) -> JSONResponse:
    """End the server once this is answered; with ``services`` true, every service too."""
    raw = await read_json(request)
    services = raw.get("services", False)
    if not isinstance(services, bool):
        raise InvalidValue(f"services is true or false, not {services!r}.")
    found = account_of(request)
    with found.catalog.begin() as tx:
        record(tx, actor, "ServerStopped", "server", {"services": services}, found.now())
    end = request.app.state.shut_down
    return JSONResponse({"stopping": True}, 202, background=BackgroundTask(end, services))
