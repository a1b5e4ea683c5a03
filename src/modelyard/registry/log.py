"""Logging a version: check, prove in a fresh worker, store, and then one transaction.

Bytes first, row last: whatever ends the process in between leaves no version, or a whole one.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping

import pyarrow as pa

from modelyard.access import Actor
from modelyard.account import Account
from modelyard.errors import InvalidValue, MalformedRequest, NotFound, TooLarge
from modelyard.faults import fault_point
from modelyard.names import Qualified
from modelyard.registry.add import Draft, add_version, check_key, find_done
from modelyard.registry.generated import with_generated
from modelyard.registry.provide import with_packages
from modelyard.registry.request import check_request
from modelyard.registry.roles import is_authors
from modelyard.registry.store import check_name_is_free, find_model
from modelyard.registry.types import LoggedVersion, LogRequest, Verified, VerifyRequest
from modelyard.registry.verify import verify
from modelyard.runtime.arrow import read_arrow, write_arrow
from modelyard.runtime.manifest import File, Manifest
from modelyard.runtime.r.rds import read_frame

Verifier = Callable[[Account, VerifyRequest], Verified]

_ARROW_STREAM = b"\xff\xff\xff\xff"


def log_version(
    account: Account,
    actor: Actor,
    model: Qualified,
    request: LogRequest,
    idempotency_key: str | None = None,
    *,
    verifier: Verifier = verify,
) -> LoggedVersion:
    """Log a version of ``model``, which is made when it is not there; the first is the default.

    The files of ``request`` were put into the artifact store before. The same
    ``idempotency_key`` with the same request gives the same version again.

    Raises:
        AlreadyExists: the version's name is taken, or once was, or is an alias.
        Conflict: the key was used for another request.
        Invalid: a part of the request is wrong; the message names it.
        NotFound: bytes it names are not stored.
        ModelFault: the model failed in the fresh worker, or predicts other numbers there.
    """
    check_request(request)
    check_key(idempotency_key)
    wanted = request.digest(model)
    fault_point("log.checked")
    done = _look_first(account, actor, model, request, wanted, idempotency_key)
    if done is not None:
        return done
    files = {role: _file(account, role, digest) for role, digest in request.files.items()}
    to_verify = _verify_request(account, request, files)
    fault_point("log.read")
    verified = with_packages(account, to_verify, verifier)
    fault_point("log.verified")
    draft = Draft(
        manifest=_manifest(account, to_verify, verified),
        request=wanted,
        version_name=request.version_name,
        comment=request.comment,
        metrics=request.metrics,
        tags=request.tags,
        notes=verified.notes,
        detail={"client": dict(request.client)},
    )
    fault_point("log.stored")
    return add_version(account, actor, model, draft, idempotency_key)


def _look_first(
    account: Account,
    actor: Actor,
    model: Qualified,
    request: LogRequest,
    wanted: str,
    idempotency_key: str | None,
) -> LoggedVersion | None:
    """What needs no worker to be known; the transaction asks the same again."""
    with account.catalog.connect() as tx:
        done = find_done(tx, actor, model, wanted, idempotency_key)
        row = find_model(tx, model)
        if done is None and row is not None and request.version_name is not None:
            check_name_is_free(tx, row, request.version_name)
    return done


def _verify_request(
    account: Account, request: LogRequest, files: Mapping[str, File]
) -> VerifyRequest:
    return VerifyRequest(
        model=files["model"],
        body=files.get("body"),
        predict=request.predict,
        inputs=request.inputs,
        outputs=request.outputs,
        rows=request.rows,
        nullable=request.nullable,
        samples=_frame(account, files.get("samples")),
        predictions=_frame(account, files.get("predictions")),
        sample_origin=request.sample_origin,
        task=request.task,
        options=request.options,
        authors=_authors(account, files),
        client=request.client,
    )


def _authors(account: Account, files: Mapping[str, File]) -> tuple[File, ...]:
    found = tuple(files[role] for role in sorted(files) if is_authors(role))
    size, limit = sum(f.size_bytes for f in found), account.settings.worker_disk_bytes
    if size > limit:
        raise TooLarge(
            f"user_files and code_paths have {size:,} bytes together; a worker's folder has "
            f"{limit:,}.",
            hint="Raise worker_disk_bytes in settings.toml, or leave out what predict needs not.",
        )
    return found


def _file(account: Account, role: str, digest: str) -> File:
    try:
        with account.artifacts.open(digest) as stream:
            size = os.fstat(stream.fileno()).st_size
    except NotFound:
        raise NotFound(
            f"The bytes of the {role} are not stored.", hint="Upload them, then log."
        ) from None
    if size == 0 and not is_authors(role):
        raise InvalidValue(f"The {role} file is empty.")
    return File(role, digest, size)


def _frame(account: Account, file: File | None) -> pa.Table | None:
    if file is None:
        return None
    with account.artifacts.open(file.digest) as stream:
        data = stream.read()
    if not data.startswith(_ARROW_STREAM):
        return read_frame(data, max_columns=account.settings.max_columns)
    try:
        return read_arrow(data)
    except MalformedRequest as e:
        raise MalformedRequest(f"The {file.role} are no Arrow stream that can be read.") from e


def _manifest(account: Account, request: VerifyRequest, verified: Verified) -> Manifest:
    files = [request.model, request.body]
    files.append(_keep_frame(account, "samples", verified.samples))
    files.append(_keep_frame(account, "golden", verified.golden))
    files += request.authors
    manifest = Manifest(
        files=tuple(f for f in files if f is not None),
        signature=verified.signature,
        predict=request.predict,
        environment=verified.environment,
        checks=verified.checks,
        model_class=verified.model_class,
        task=verified.task,
        kind=verified.kind,
        options=dict(request.options),
        contents=verified.contents,
    )
    return with_generated(account, manifest)


def _keep_frame(account: Account, role: str, rows: pa.Table | None) -> File | None:
    """Store rows as an Arrow IPC stream."""
    if rows is None:
        return None
    stored = account.artifacts.put(io.BytesIO(write_arrow(rows)))
    return File(role, stored.digest, stored.size_bytes)
