"""HTTP for services: deploy, list, look at, read the log of, undeploy; and for what they are asked
about first: moving an alias, deleting a version or a model.

``app.state.reconciler``, where there is one, is woken at each change of a wish.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from modelyard.access import Actor, Part, is_within
from modelyard.access.routes import Body, account_of, may, place_of, read_json
from modelyard.account import Account
from modelyard.errors import InvalidValue, MalformedRequest
from modelyard.names import ModelRef, Qualified
from modelyard.registry.delete import delete_model, delete_version
from modelyard.registry.routes import Deleter, Model, Pointer, Version, version_in
from modelyard.services.answering import check_model_unneeded, check_version_unneeded
from modelyard.services.deploy import DeployRequest, deploy, notes_of
from modelyard.services.folder import folder
from modelyard.services.logs import MOST_LINES, tail_of
from modelyard.services.move import move_alias
from modelyard.services.options import Options
from modelyard.services.show import parts_of, show, show_all
from modelyard.services.undeploy import is_ending, undeploy

router = APIRouter(prefix="/api/v1")

Place = Annotated[str | None, Query()]


def the_service(request: Request) -> tuple[Part, ...]:
    """The service in the path, and the model it serves."""
    name = Qualified.parse(request.path_params["service"], place_of(request), "service")
    return parts_of(account_of(request), name)


Reader = Depends(may("service.read", about=the_service))

_MOVES = ThreadPoolExecutor(8, "alias-move")
"""A move waits for services: for all of ``deploy_deadline_s`` where one does not answer. Others
must not wait for a thread because of it."""
WAIT_FOR_END_S = 8.0
"""A host has a few seconds to finish what it has begun."""


@router.post("/services", status_code=202)
def create(
    request: Request,
    actor: Annotated[Actor, Depends(may("service.write", about=None))],
    raw: Annotated[dict[str, Any], Depends(read_json)],
) -> JSONResponse:
    """Write the wish for a service; it is PENDING then, and becomes READY or FAILED.

    ``notes`` are sentences for whoever deploys it.
    """
    account = account_of(request)
    service = deploy(account, actor, _deploy_request(account, raw))
    _wake(request)
    return JSONResponse({**service.to_dict(), "notes": notes_of(account, service)}, 202)


@router.get("/services")
def every(
    request: Request,
    actor: Annotated[Actor, Depends(may("service.read", about=None))],
    model: Place = None,
    version: Place = None,
    database: Place = None,
    schema: Place = None,
) -> JSONResponse:
    """Services: all, or those of a schema, a model, a version; with their last status only.

    A ``model`` without database and schema is looked up in those of the query.
    """
    account = account_of(request)
    space = account.namespace(database, schema)
    of_model = None if model is None else Qualified.parse(model, space, "model")
    # Services of a model are shown wherever they are; a schema alone asks for what is in it.
    within = space if model is None and (database or schema) else None
    found = show_all(account, within, of_model, version)
    mine = [s.to_dict() for s in found if is_within(actor, *s.spec.parts)]
    return JSONResponse({"services": mine})


@router.get("/services/{service}", dependencies=[Reader])
def one(
    request: Request, service: str, database: Place = None, schema: Place = None
) -> JSONResponse:
    """One service, with every status it has had."""
    account = account_of(request)
    return JSONResponse(show(account, _name(account, service, database, schema)).to_dict())


@router.delete("/services/{service}", status_code=202)
def delete(
    request: Request,
    service: str,
    actor: Annotated[Actor, Depends(may("service.write", about=the_service))],
    database: Place = None,
    schema: Place = None,
) -> JSONResponse:
    """Undeploy: the host finishes what it has begun, and ends; answered when it has, or nearly."""
    account = account_of(request)
    name = _name(account, service, database, schema)
    service_id = undeploy(account, actor, name)
    _wake(request)
    until = time.monotonic() + WAIT_FOR_END_S
    while is_ending(account, service_id) and time.monotonic() < until:
        time.sleep(0.05)
    return JSONResponse({"name": name.name, "fqn": str(name)}, 202)


@router.get("/services/{service}/logs", dependencies=[Reader])
def logs(
    request: Request,
    service: str,
    database: Place = None,
    schema: Place = None,
    lines: Annotated[int, Query(ge=1, le=MOST_LINES)] = 100,
) -> JSONResponse:
    """The last lines of the host's logs, oldest first: its own, and a line for each request."""
    account = account_of(request)
    found = show(account, _name(account, service, database, schema))
    where = folder(account.settings.home, found.spec.id)
    return JSONResponse({"fqn": str(found.spec.name), "lines": tail_of(where.log_files, lines)})


@router.put("/models/{model}/aliases/{alias}")
async def set_alias(
    request: Request, actor: Pointer, model: Model, alias: str, raw: Body
) -> JSONResponse:
    """Point an alias at a version; answered when the services that follow it do, or cannot."""
    account, ref = account_of(request), version_in(model, raw.get("version"))
    move = partial(move_alias, account, actor, ref, alias)
    moved = await asyncio.get_running_loop().run_in_executor(_MOVES, move)
    return JSONResponse(moved.to_dict(alias))


@router.delete("/models/{model}")
def remove_model(request: Request, actor: Deleter, model: Model) -> JSONResponse:
    """Delete it with all its versions, unless a service needs one."""
    account = account_of(request)
    check_model_unneeded(account, model)
    delete_model(account, actor, model)
    return JSONResponse({"deleted": str(model)})


@router.delete("/models/{model}/versions/{version}")
def remove_version(request: Request, actor: Deleter, version: Version) -> JSONResponse:
    """Delete it, unless something points at it or a service needs it."""
    account = account_of(request)
    check_version_unneeded(account, version)
    delete_version(account, actor, version)
    return JSONResponse({"deleted": str(version)})


def _deploy_request(account: Account, raw: dict[str, Any]) -> DeployRequest:
    for part in ("name", "model"):
        if not isinstance(raw.get(part), str):
            raise MalformedRequest(f"{part} is missing, or is not a text.")
    for part in ("version", "database", "schema"):
        if not isinstance(raw.get(part), str | None):
            raise MalformedRequest(f"{part} is a text, not {raw[part]!r}.")
    if not isinstance(force := raw.get("force", False), bool):
        raise InvalidValue(f"force is true or false, not {force!r}.")
    space = account.namespace(raw.get("database"), raw.get("schema"))
    return DeployRequest(
        name=Qualified.parse(raw["name"], space, "service"),
        model=ModelRef.parse(raw["model"], space, raw.get("version")),
        options=Options.from_dict(raw.get("options")),
        force=force,
    )


def _name(account: Account, text: str, database: str | None, schema: str | None) -> Qualified:
    return Qualified.parse(text, account.namespace(database, schema), "service")


def _wake(request: Request) -> None:
    reconciler = getattr(request.app.state, "reconciler", None)
    if reconciler is not None:
        reconciler.wake()
