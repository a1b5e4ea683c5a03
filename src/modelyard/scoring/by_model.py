"""HTTP for any model of the account, in the words of other protocols and without a service.

``{model}`` is ``MPG``, ``DB.SCHEMA.MPG``, either with ``/V2`` or ``@production``.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from modelyard.access import Actor
from modelyard.access.routes import account_of, may, place_of, the_model
from modelyard.errors import NotFound
from modelyard.json_rows.tensors import HEAD_LENGTH
from modelyard.names import ModelRef
from modelyard.registry.resolve import resolve
from modelyard.registry.store import find_model
from modelyard.registry.types import ModelVersion
from modelyard.scoring.dialects import mlflow_of, tensors_of
from modelyard.scoring.frames import media_type
from modelyard.scoring.oip import oip_model, oip_server
from modelyard.scoring.routes import respond

router = APIRouter()


def _may_call(
    request: Request,
    model: str,
    actor: Annotated[Actor, Depends(may("model.call", about=the_model))],
) -> None:
    """Who may call some models only learns of no others from the one that is not there."""
    name = _ref(request, model).model
    if actor.is_bound:
        with account_of(request).catalog.connect() as tx:
            if find_model(tx, name) is None:
                raise NotFound(f"There is no model {name}.")


_CALLS = [Depends(_may_call)]


@router.post("/models/{model:path}/predict", dependencies=_CALLS)
async def predict(
    request: Request, model: str, strict: Annotated[bool, Query()] = False
) -> Response:
    """Score rows as a service's ``/predict`` does."""
    form = media_type(request.headers.get("content-type"))
    return await respond(request, _ref(request, model), form, strict=strict)


@router.post("/models/{model:path}/invocations", dependencies=_CALLS)
async def invocations(request: Request, model: str) -> Response:
    """Score rows as MLflow's scoring server does."""
    form, dialect = mlflow_of(request.headers.get("content-type") or "")
    return await respond(request, _ref(request, model), form, dialect)


@router.get("/v2", dependencies=[Depends(may("account.read"))])
def server() -> JSONResponse:
    """This server."""
    return JSONResponse(oip_server())


@router.get("/v2/health/live")
def live() -> JSONResponse:
    """The process is there."""
    return JSONResponse({"live": True})


@router.get("/v2/health/ready")
def ready(request: Request) -> JSONResponse:
    """It takes requests."""
    is_ready = bool(request.app.state.is_ready)
    return JSONResponse({"ready": is_ready}, 200 if is_ready else 503)


@router.get("/v2/models/{model}", dependencies=_CALLS)
@router.get("/v2/models/{model}/versions/{version}", dependencies=_CALLS)
def describe(request: Request, model: str, version: str | None = None) -> JSONResponse:
    """A model's tensors."""
    return JSONResponse(oip_model(_found(request, model, version)))


@router.get("/v2/models/{model}/ready", dependencies=_CALLS)
@router.get("/v2/models/{model}/versions/{version}/ready", dependencies=_CALLS)
def model_ready(request: Request, model: str, version: str | None = None) -> JSONResponse:
    """There is such a version; a worker of it is started when it is asked."""
    return JSONResponse({"name": _found(request, model, version).model.name, "ready": True})


@router.post("/v2/models/{model}/infer", dependencies=_CALLS)
@router.post("/v2/models/{model}/versions/{version}/infer", dependencies=_CALLS)
async def infer(request: Request, model: str, version: str | None = None) -> Response:
    """Score tensors."""
    form, dialect = tensors_of(request.headers.get(HEAD_LENGTH))
    return await respond(request, _ref(request, model, version), form, dialect)


def _ref(request: Request, text: str, version: str | None = None) -> ModelRef:
    return ModelRef.parse(text, place_of(request), version)


def _found(request: Request, text: str, version: str | None) -> ModelVersion:
    return resolve(account_of(request), _ref(request, text, version))
