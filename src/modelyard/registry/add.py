"""The one transaction that makes a version: for what is logged and for what is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from modelyard.access import Actor, record
from modelyard.account import Account
from modelyard.catalog import tables
from modelyard.errors import Conflict, InvalidValue, NotFound
from modelyard.faults import fault_point
from modelyard.names import Qualified, key
from modelyard.registry.aliases import point_default
from modelyard.registry.annotations import COMMENT, METRIC, TAG, annotate
from modelyard.registry.store import (
    ModelRow,
    VersionRow,
    load_versions,
    make_model,
    need_model,
    next_name,
)
from modelyard.registry.types import LoggedVersion, MetricValue, ModelVersion
from modelyard.runtime.manifest import Manifest

_MAX_KEY = 255


@dataclass(frozen=True, slots=True)
class Draft:
    """A version that is proven and whose bytes are stored, but which has no row yet.

    ``request`` is the digest of what was asked, ``kind`` the event's, ``detail`` is kept in it.
    """

    manifest: Manifest
    request: str
    version_name: str | None = None
    comment: str = ""
    metrics: Mapping[str, MetricValue] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    kind: str = "VersionLogged"
    detail: Mapping[str, Any] = field(default_factory=dict)


def check_key(idempotency_key: str | None) -> None:
    """Return if this can be an idempotency key, or is none.

    Raises:
        InvalidValue: for an empty or a very long one.
    """
    if idempotency_key is not None and not 1 <= len(idempotency_key) <= _MAX_KEY:
        raise InvalidValue(f"An idempotency key has 1 to {_MAX_KEY} characters.")


def add_version(
    account: Account, actor: Actor, model: Qualified, draft: Draft, idempotency_key: str | None
) -> LoggedVersion:
    """Make the version: its number, manifest, what is kept beside it and its event, or nothing.

    Raises:
        AlreadyExists: when the name asked for is taken, or once was.
        Conflict: when the key was used for another request.
        NotFound: when bytes of it were collected meanwhile.
    """
    now = account.now()
    with account.catalog.begin() as tx:
        done = find_done(tx, actor, model, draft.request, idempotency_key)
        if done is not None:
            return done
        is_new = make_model(tx, model, actor, now)
        row = need_model(tx, model)
        fault_point("log.begun")
        _check_bytes(account, draft.manifest)
        version = _insert(tx, actor, row, draft, now)
        fault_point("log.inserted")
        _keep_beside(tx, actor, row, version, draft, now)
        fault_point("log.annotated")
        if is_new:
            record(tx, actor, "ModelCreated", str(row.name), {}, now)
        _record(tx, actor, row, version, draft, now)
        if idempotency_key is not None:
            _remember(tx, actor, row, version, draft, idempotency_key, now)
        fault_point("log.recorded")
        made = _load(tx, model, version.id)
    fault_point("log.committed")
    return LoggedVersion(made, draft.notes)


def find_done(
    tx: Connection, actor: Actor, model: Qualified, request: str, idempotency_key: str | None
) -> LoggedVersion | None:
    """What this key led to before; None when it is new.

    Raises:
        Conflict: when that was another request, or its version is gone.
    """
    if idempotency_key is None:
        return None
    i = tables.idempotency.c
    query = select(i.request, i.version_id, i.notes)
    query = query.where(i.actor == actor.name, i.key == idempotency_key)
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    if row.request != request:
        raise Conflict(
            "This idempotency key was used for another request.", hint="Use a new key for each."
        )
    v = tables.version.c
    if tx.execute(select(v.id).where(v.id == row.version_id)).first() is None:
        raise Conflict(
            "This request was done before, and the version it made was deleted since.",
            hint="Use a new idempotency key to log it again.",
        )
    return LoggedVersion(_load(tx, model, row.version_id), tuple(row.notes), replayed=True)


def _load(tx: Connection, model: Qualified, version_id: int) -> ModelVersion:
    return load_versions(tx, need_model(tx, model), version_id)[0]


def _check_bytes(account: Account, manifest: Manifest) -> None:
    """Inside the transaction, as collecting is: nobody can take the bytes away after this."""
    for file in manifest.files:
        if not account.artifacts.has(file.digest):
            raise NotFound(
                f"The bytes of the {file.role} are not stored (any more).",
                hint="Upload them again, then log again.",
            )


def _insert(tx: Connection, actor: Actor, row: ModelRow, draft: Draft, now: datetime) -> VersionRow:
    name, ordinal = next_name(tx, row, draft.version_name)
    name_key = key(name)
    result = tx.execute(
        insert(tables.version).values(
            model_id=row.id,
            name=name,
            name_key=name_key,
            ordinal=ordinal,
            manifest=draft.manifest.to_dict(),
            created_at=now,
            created_by=actor.name,
        )
    )
    made = result.inserted_primary_key
    assert made is not None
    version_id = int(made[0])
    tx.execute(
        insert(tables.version_name).values(model_id=row.id, name_key=name_key, ordinal=ordinal)
    )
    files = [
        {
            "version_id": version_id,
            "role": f.role,
            "digest": f.digest,
            "size_bytes": f.size_bytes,
        }
        for f in draft.manifest.files
    ]
    tx.execute(insert(tables.version_file), files)
    return VersionRow(version_id, name, ordinal)


def _keep_beside(
    tx: Connection, actor: Actor, row: ModelRow, version: VersionRow, draft: Draft, now: datetime
) -> None:
    comment = {"": draft.comment} if draft.comment else {}
    for kind, values in ((COMMENT, comment), (METRIC, draft.metrics), (TAG, draft.tags)):
        annotate(tx, row.id, version.id, kind, values, now=now, by=actor.name)
    if row.default_version_id is None:
        point_default(tx, row, version)


def _record(
    tx: Connection, actor: Actor, row: ModelRow, version: VersionRow, draft: Draft, now: datetime
) -> None:
    detail = {
        **draft.detail,
        "manifest": draft.manifest.digest,
        "files": {f.role: f.digest for f in draft.manifest.files},
        "verified": draft.manifest.checks.verified,
        "metrics": dict(draft.metrics),
        "tags": dict(draft.tags),
        "comment": draft.comment,
        "is_default": row.default_version_id is None,
    }
    record(tx, actor, draft.kind, f"{row.name}/{version.name}", detail, now)


def _remember(
    tx: Connection,
    actor: Actor,
    row: ModelRow,
    version: VersionRow,
    draft: Draft,
    idempotency_key: str,
    now: datetime,
) -> None:
    tx.execute(
        insert(tables.idempotency).values(
            actor=actor.name,
            key=idempotency_key,
            request=draft.request,
            model_id=row.id,
            version_id=version.id,
            notes=list(draft.notes),
            at=now,
        )
    )
