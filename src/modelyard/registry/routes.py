"""HTTP for models, versions and what is kept beside them, for their bytes, and for collecting."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from anyio import from_thread
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, StreamingResponse

from modelyard.access import Actor, Part, is_within
from modelyard.access.body import DEADLINE_S, not_in_time, too_large
from modelyard.access.guard import allow_role
from modelyard.access.routes import Body, account_of, may, the_model
from modelyard.errors import InvalidValue, NotFound
from modelyard.names import ModelRef, Qualified
from modelyard.registry import aliases, describe, metrics, tags
from modelyard.registry.bring_in import import_tar
from modelyard.registry.export import export_tar, read_checked
from modelyard.registry.gc import collect
from modelyard.registry.log import log_version
from modelyard.registry.request import read_request
from modelyard.registry.resolve import resolve
from modelyard.registry.types import LoggedVersion

router = APIRouter(prefix="/api/v1")

_MODEL, _VERSION = "/models/{model}", "/models/{model}/versions/{version}"
_PIECE = 1 << 20
_Query = Annotated[str | None, Query()]


def _model(
    request: Request, model: str, database: _Query = None, schema: _Query = None
) -> Qualified:
    return Qualified.parse(model, account_of(request).namespace(database, schema), "model")


Model = Annotated[Qualified, Depends(_model)]


def _version(model: Model, version: str) -> ModelRef:
    return version_in(model, version)


def version_in(model: Qualified, version: object) -> ModelRef:
    """A version of a model, by its name or an alias, as a body gives it."""
    if not isinstance(version, str):
        raise InvalidValue(f"version is a version's name or an alias, not {str(version)[:80]!r}.")
    return ModelRef.parse(str(model), model.namespace, version)


Version = Annotated[ModelRef, Depends(_version)]
Reader = Depends(may("model.read", about=the_model))
Downloader = Depends(may("model.download", about=the_model))
Logger = Annotated[Actor, Depends(may("model.log", about=the_model))]
Annotator = Annotated[Actor, Depends(may("model.annotate", about=the_model))]
Pointer = Annotated[Actor, Depends(may("model.point", about=the_model))]
Deleter = Annotated[Actor, Depends(may("model.delete", about=the_model))]
Key = Annotated[str | None, Header(alias="Idempotency-Key")]


def _need(raw: Mapping[str, Any], name: str) -> Any:
    if name not in raw:
        raise InvalidValue(f"The body names no {name}.")
    return raw[name]


@router.get("/models")
def list_models(
    request: Request,
    actor: Annotated[Actor, Depends(may("model.read", about=None))],
    database: _Query = None,
    schema: _Query = None,
) -> JSONResponse:
    """The models of a schema, of a database with all its schemas, or of the account."""
    account = account_of(request)
    place = account.namespace(database, schema) if schema else None
    found = describe.list_models(account, place, database=database or None)
    mine = [m.to_dict() for m in found if is_within(actor, Part.of("model", m.name))]
    return JSONResponse({"models": mine})


@router.get(_MODEL, dependencies=[Reader])
def show_model(request: Request, model: Model) -> JSONResponse:
    """One model."""
    return JSONResponse(describe.get_model(account_of(request), model).to_dict())


@router.patch(_MODEL)
def change_model(
    request: Request,
    actor: Annotated[Actor, Depends(may("model.annotate", "model.point", about=the_model))],
    model: Model,
    raw: Body,
) -> JSONResponse:
    """Set its default version, its comment, or both."""
    account = account_of(request)
    _only(raw, "comment", "default_version")
    if "default_version" in raw:
        allow_role(actor, "model.point")
    if "comment" in raw:
        allow_role(actor, "model.annotate")
        describe.check_comment(raw["comment"])
    if "default_version" in raw:
        aliases.set_default(account, actor, version_in(model, raw["default_version"]))
    if "comment" in raw:
        describe.set_comment(account, actor, model, raw["comment"])
    return JSONResponse(describe.get_model(account, model).to_dict())


@router.get(_MODEL + "/versions", dependencies=[Reader])
def list_versions(request: Request, model: Model) -> JSONResponse:
    """Its versions, in the order they were logged."""
    found = describe.list_versions(account_of(request), model)
    return JSONResponse({"versions": [v.to_dict() for v in found]})


@router.post(_MODEL + "/versions", status_code=201)
def log(
    request: Request, actor: Logger, model: Model, raw: Body, idempotency_key: Key = None
) -> JSONResponse:
    """Log a version whose bytes were uploaded; 200 when the key was seen before."""
    account = account_of(request)
    return _logged(log_version(account, actor, model, read_request(raw), idempotency_key))


def _logged(logged: LoggedVersion) -> JSONResponse:
    body = {**logged.version.to_dict(), "notes": list(logged.notes), "replayed": logged.replayed}
    return JSONResponse(body, 200 if logged.replayed else 201)


@router.get(_VERSION, dependencies=[Reader])
def show_version(request: Request, version: Version) -> JSONResponse:
    """One version, by its name or an alias."""
    return JSONResponse(resolve(account_of(request), version).to_dict())


@router.patch(_VERSION)
def change_version(request: Request, actor: Annotator, version: Version, raw: Body) -> JSONResponse:
    """Set its comment; nothing else of a version changes."""
    account = account_of(request)
    _only(raw, "comment")
    describe.set_comment(account, actor, version, _need(raw, "comment"))
    return JSONResponse(resolve(account, version).to_dict())


def _only(raw: Mapping[str, Any], *names: str) -> None:
    for name in raw:
        if name not in names:
            raise InvalidValue(f"{name[:80]!r} cannot be changed; {', '.join(names)} can.")


@router.get(_VERSION + "/metrics", dependencies=[Reader])
def show_metrics(request: Request, version: Version) -> JSONResponse:
    """Its metrics."""
    return JSONResponse({"metrics": metrics.get_metrics(account_of(request), version)})


@router.get(_VERSION + "/metrics/{name:path}/history", dependencies=[Reader])
def show_metric_history(request: Request, version: Version, name: str) -> JSONResponse:
    """Every value a metric has had."""
    found = metrics.metric_history(account_of(request), version, name)
    return JSONResponse({"history": [m.to_dict() for m in found]})


@router.get(_VERSION + "/metrics/{name:path}", dependencies=[Reader])
def show_metric(request: Request, version: Version, name: str) -> JSONResponse:
    """One metric."""
    value = metrics.get_metric(account_of(request), version, name)
    return JSONResponse({"name": name, "value": value})


@router.put(_VERSION + "/metrics/{name:path}")
def set_metric(
    request: Request, actor: Annotator, version: Version, name: str, raw: Body
) -> JSONResponse:
    """Set a metric."""
    value = _need(raw, "value")
    metrics.set_metric(account_of(request), actor, version, name, value)
    return JSONResponse({"name": name, "value": value})


@router.delete(_VERSION + "/metrics/{name:path}")
def remove_metric(request: Request, actor: Annotator, version: Version, name: str) -> JSONResponse:
    """Take a metric away."""
    metrics.delete_metric(account_of(request), actor, version, name)
    return JSONResponse({"deleted": name})


@router.get(_MODEL + "/aliases", dependencies=[Reader])
def show_aliases(request: Request, model: Model) -> JSONResponse:
    """Its aliases, and every move they made."""
    account = account_of(request)
    moves = [m.to_dict() for m in aliases.alias_history(account, model)]
    return JSONResponse({"aliases": aliases.get_aliases(account, model), "history": moves})


@router.delete(_MODEL + "/aliases/{alias}")
def unset_alias(request: Request, actor: Pointer, model: Model, alias: str) -> JSONResponse:
    """Take an alias away."""
    aliases.unset_alias(account_of(request), actor, model, alias)
    return JSONResponse({"deleted": alias})


@router.get(_MODEL + "/tags", dependencies=[Reader])
def show_model_tags(request: Request, model: Model) -> JSONResponse:
    """A model's tags."""
    return JSONResponse({"tags": tags.get_tags(account_of(request), model)})


@router.put(_MODEL + "/tags/{name:path}")
def set_model_tag(
    request: Request, actor: Annotator, model: Model, name: str, raw: Body
) -> JSONResponse:
    """Tag a model."""
    tags.set_tag(account_of(request), actor, model, name, _need(raw, "value"))
    return JSONResponse({"name": name, "value": raw["value"]})


@router.delete(_MODEL + "/tags/{name:path}")
def remove_model_tag(request: Request, actor: Annotator, model: Model, name: str) -> JSONResponse:
    """Take a model's tag away."""
    tags.delete_tag(account_of(request), actor, model, name)
    return JSONResponse({"deleted": name})


@router.get(_VERSION + "/tags", dependencies=[Reader])
def show_version_tags(request: Request, version: Version) -> JSONResponse:
    """A version's tags."""
    return JSONResponse({"tags": tags.get_tags(account_of(request), version)})


@router.put(_VERSION + "/tags/{name:path}")
def set_version_tag(
    request: Request, actor: Annotator, version: Version, name: str, raw: Body
) -> JSONResponse:
    """Tag a version."""
    tags.set_tag(account_of(request), actor, version, name, _need(raw, "value"))
    return JSONResponse({"name": name, "value": raw["value"]})


@router.delete(_VERSION + "/tags/{name:path}")
def remove_version_tag(
    request: Request, actor: Annotator, version: Version, name: str
) -> JSONResponse:
    """Take a version's tag away."""
    tags.delete_tag(account_of(request), actor, version, name)
    return JSONResponse({"deleted": name})


class _Arriving:
    """A request's body as it arrives, read from a worker thread."""

    def __init__(self, request: Request) -> None:
        self._limit = account_of(request).settings.max_body_bytes
        self._chunks = request.stream()
        self._rest = b""
        self._size = 0

    def read(self, size: int = -1, /) -> bytes:
        if not self._rest:
            self._rest = from_thread.run(self._next)
        end = len(self._rest) if size < 0 else size
        piece, self._rest = self._rest[:end], self._rest[end:]
        return piece

    async def _next(self) -> bytes:
        piece = bytearray()
        try:
            # A thread waits for each piece, so a caller who stops sending must not keep it.
            async with asyncio.timeout(DEADLINE_S):
                async for chunk in self._chunks:
                    piece += chunk
                    if self._size + len(piece) > self._limit:
                        raise too_large(self._limit)
                    if len(piece) >= _PIECE:
                        break
        except TimeoutError:
            raise not_in_time() from None
        self._size += len(piece)
        return bytes(piece)


@router.post("/artifacts", status_code=201, dependencies=[Depends(may("artifact.write"))])
async def upload(request: Request) -> JSONResponse:
    """Store bytes, as they arrive, under their digest."""
    stored = await run_in_threadpool(account_of(request).artifacts.put, _Arriving(request))
    return JSONResponse({"digest": stored.digest, "size_bytes": stored.size_bytes}, 201)


@router.post(_MODEL + "/import", status_code=201)
async def bring_in(
    request: Request,
    actor: Logger,
    model: Model,
    version: _Query = None,
    idempotency_key: Key = None,
) -> JSONResponse:
    """Make a version of an exported one; 200 when the key was seen before."""
    logged = await run_in_threadpool(
        import_tar,
        account_of(request),
        actor,
        model,
        _Arriving(request),
        version_name=version,
        idempotency_key=idempotency_key,
    )
    return _logged(logged)


@router.get(_VERSION + "/export", dependencies=[Downloader])
def export(
    request: Request, version: Version, mode: Annotated[str, Query()] = "model"
) -> StreamingResponse:
    """A version as a tar archive: ours, or of what another tool reads."""
    name, chunks = export_tar(account_of(request), version, mode)
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(chunks, media_type="application/x-tar", headers=headers)


@router.get(_VERSION + "/files/{role:path}", dependencies=[Downloader])
def download(request: Request, version: Version, role: str) -> StreamingResponse:
    """The bytes of one of its files."""
    account = account_of(request)
    found = resolve(account, version)
    file = found.manifest.file(role)
    if file is None:
        has = ", ".join(f.role for f in found.manifest.files)
        raise NotFound(f"Version {found.name} has no file {role[:80]!r}. It has {has}.")
    name = role.rpartition("/")[2]
    headers = {
        "content-length": str(file.size_bytes),
        "content-disposition": f'attachment; filename="{name}"',
        "x-content-type-options": "nosniff",
    }
    media_type = "application/octet-stream"
    return StreamingResponse(read_checked(account, file), media_type=media_type, headers=headers)


@router.post("/gc")
def gc(
    request: Request, actor: Annotated[Actor, Depends(may("gc.run"))], raw: Body
) -> JSONResponse:
    """Delete bytes no version names."""
    grace = raw.get("grace_s")
    if grace is not None and (isinstance(grace, bool) or not isinstance(grace, int | float)):
        raise InvalidValue(f"grace_s is a number of seconds, not {str(grace)[:80]!r}.")
    collected = collect(account_of(request), actor, grace)
    return JSONResponse({"deleted": collected.deleted, "bytes": collected.bytes})
