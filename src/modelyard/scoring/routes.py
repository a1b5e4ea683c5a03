"""HTTP for predictions in the account: any model by name, version or alias."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from modelyard.access.body import read_body
from modelyard.access.routes import account_of, may, the_model
from modelyard.access.types import Actor
from modelyard.account import Account
from modelyard.errors import Invalid, ModelFault
from modelyard.json_rows import Dialect, Limits
from modelyard.names import ModelRef
from modelyard.registry.describe import list_versions
from modelyard.registry.resolve import resolve
from modelyard.scoring.dialects import BY_CELL
from modelyard.scoring.frames import JSON, Answer, Call, answer, answer_type, media_type
from modelyard.scoring.predict import Scored, predict
from modelyard.scoring.refusal import OF_THE_BODY, explain, named

router = APIRouter(prefix="/api/v1")


@router.post("/models/{model}/predict")
async def predict_rows(
    request: Request,
    model: str,
    _: Annotated[Actor, Depends(may("model.predict", about=the_model))],
    version: Annotated[str | None, Query()] = None,
    strict: Annotated[bool, Query()] = False,
    database: Annotated[str | None, Query()] = None,
    schema: Annotated[str | None, Query()] = None,
) -> Response:
    """Score the rows of the body; the answer has the outputs only, in the request's row order."""
    namespace = account_of(request).namespace(database, schema)
    ref = ModelRef.parse(model, namespace, version)
    form = media_type(request.headers.get("content-type"))
    return await respond(request, ref, form, strict=strict)


async def respond(
    request: Request,
    ref: ModelRef,
    form: str,
    dialect: Dialect | None = None,
    *,
    strict: bool = False,
) -> Response:
    """Score the rows of a request's body, which is of this form and in this dialect."""
    account = account_of(request)
    settings = account.settings
    wanted = answer_type(request.headers.get("accept"), JSON if dialect else form)
    most = settings.max_json_bytes if form in BY_CELL else settings.max_body_bytes
    body = await read_body(request.stream(), request.headers.get("content-length"), most)
    call = Call(body, form, JSON if dialect else wanted, strict, dialect)
    request_id = request.scope["state"]["request_id"]
    scored = await run_in_threadpool(_score, account, ref, call, request_id)
    return Response(scored.body, media_type=scored.form, headers=scored.headers())


def _score(account: Account, ref: ModelRef, call: Call, request_id: str) -> Answer:
    version = resolve(account, ref)
    limits = Limits.of(account.settings)

    def score(rows: object, *, strict: bool) -> Scored:
        return predict(account, version, rows, strict=strict, request_id=request_id)

    try:
        return answer(call, version, limits, score)
    except OF_THE_BODY:
        raise
    except Invalid as e:
        raise explain(e, version, list_versions(account, version.model)) from e
    except ModelFault as e:
        raise named(e, version) from e
