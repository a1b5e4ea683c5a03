"""The SQL of models and versions. Private to the registry: the other files speak to this one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, insert, select, update

from modelyard.access import Actor
from modelyard.catalog import tables
from modelyard.errors import AlreadyExists, NotFound
from modelyard.names import Namespace, Qualified, key
from modelyard.registry.annotations import COMMENT, METRIC, TAG, current_of_model
from modelyard.registry.types import Model, ModelVersion
from modelyard.runtime.manifest import Manifest

_M, _V, _A, _S = tables.model.c, tables.version.c, tables.alias.c, tables.service.c

# Statements of the way to a version are built once: building them takes longer than running them.
_MODEL: Select[Any] = select(
    _M.id,
    _M.database,
    _M.schema,
    _M.name,
    _M.default_version_id,
    _M.created_at,
    _M.created_by,
).where(_M.deleted_at.is_(None))
_MODEL_NAMED = _MODEL.where(
    _M.database_key == bindparam("database"),
    _M.schema_key == bindparam("schema"),
    _M.name_key == bindparam("name"),
)
_ROW: Select[Any] = select(_V.id, _V.name, _V.ordinal)
_ROW_NAMED = _ROW.where(_V.model_id == bindparam("model"), _V.name_key == bindparam("name"))
_ROW_WITH_ID = _ROW.where(_V.id == bindparam("id"))
_ROWS = _ROW.where(_V.model_id == bindparam("model")).order_by(_V.ordinal)
_VERSIONS = select(tables.version).where(_V.model_id == bindparam("model")).order_by(_V.ordinal)
_VERSION = _VERSIONS.where(_V.id == bindparam("id"))
_ALIASES = (
    select(_A.name, _V.id, _V.name, _V.ordinal)
    .join(tables.version, _V.id == _A.version_id)
    .where(_A.model_id == bindparam("model"))
    .order_by(_A.name_key)
)
_SERVICES: Select[Any] = (
    select(_S.version_id, _S.name, _S.alias, _S.options, _S.wanted)
    .where(_S.model_id == bindparam("model"))
    .order_by(_S.name_key)
)


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model that is there, as it is stored."""

    id: int
    name: Qualified
    default_version_id: int | None
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version by its id, its name and its place in the line."""

    id: int
    name: str
    ordinal: int


def find_model(tx: Connection, model: Qualified) -> ModelRow | None:
    """The model of this name, unless there is none or it was deleted."""
    database, schema, name = model.key
    wanted = {"database": database, "schema": schema, "name": name}
    row = tx.execute(_MODEL_NAMED, wanted).one_or_none()
    return None if row is None else _model_row(row)


def need_model(tx: Connection, model: Qualified) -> ModelRow:
    """The model of this name.

    Raises:
        NotFound: naming the models its schema has.
    """
    found = find_model(tx, model)
    if found is None:
        others = [m.name.name for m in model_rows(tx, model.namespace)]
        has = f"It has {some(others)}." if others else "It has none."
        raise NotFound(f"There is no model {model.name} in {model.namespace}. {has}")
    return found


def model_rows(
    tx: Connection, namespace: Namespace | None, database: str | None = None
) -> list[ModelRow]:
    """The models of a namespace, of a whole database, or of all, by name."""
    query = _MODEL
    if database is not None:
        query = query.where(_M.database_key == key(database))
    if namespace is not None:
        query = query.where(
            _M.database_key == key(namespace.database), _M.schema_key == key(namespace.schema)
        )
    rows = tx.execute(query.order_by(_M.database_key, _M.schema_key, _M.name_key))
    return [_model_row(row) for row in rows]


def make_model(tx: Connection, model: Qualified, actor: Actor, now: datetime) -> bool:
    """Make sure the model is there; True when it was not. One deleted before begins anew."""
    row = tx.execute(select(_M.id, _M.deleted_at).where(*_is(model))).one_or_none()
    values: dict[str, Any] = {
        "database": model.namespace.database,
        "schema": model.namespace.schema,
        "name": model.name,
        "created_at": now,
        "created_by": actor.name,
        "deleted_at": None,
    }
    if row is None:
        keys = dict(zip(("database_key", "schema_key", "name_key"), model.key, strict=True))
        tx.execute(insert(tables.model).values(**values, **keys))
        return True
    if row.deleted_at is not None:
        tx.execute(update(tables.model).where(_M.id == row.id).values(**values))
        return True
    return False


def version_rows(tx: Connection, model_id: int) -> list[VersionRow]:
    """The versions of a model, in the order they were logged."""
    return [VersionRow(*row) for row in tx.execute(_ROWS, {"model": model_id})]


def version_named(tx: Connection, model_id: int, name: str) -> VersionRow | None:
    """The version of this name, or None."""
    row = tx.execute(_ROW_NAMED, {"model": model_id, "name": key(name)}).one_or_none()
    return None if row is None else VersionRow(*row)


def version_by_id(tx: Connection, version_id: int) -> VersionRow | None:
    """The version with this id, or None."""
    row = tx.execute(_ROW_WITH_ID, {"id": version_id}).one_or_none()
    return None if row is None else VersionRow(*row)


def alias_rows(tx: Connection, model_id: int) -> dict[str, VersionRow]:
    """Each alias of a model, as it was written, with the version it points at."""
    rows = tx.execute(_ALIASES, {"model": model_id})
    return {row[0]: VersionRow(*row[1:]) for row in rows}


def alias_named(tx: Connection, model_id: int, alias: str) -> tuple[str, VersionRow] | None:
    """This alias as it was written and where it points, or None."""
    found = alias_rows(tx, model_id)
    return next(((n, v) for n, v in found.items() if key(n) == key(alias)), None)


def service_names(tx: Connection, row: ModelRow) -> dict[int, list[str]]:
    """The services that need a model's versions, by version id: each for the one it was deployed
    on, and for those that answer a share of its requests or are its shadow."""
    found: dict[int, list[str]] = defaultdict(list)
    meant: dict[str, int | None] | None = None
    for service in tx.execute(_SERVICES, {"model": row.id}):
        ids = {service.version_id}
        if beside := _beside(service):
            meant = meant or _meanings(tx, row)
            ids.update(i for word in beside if (i := meant.get(key(word))) is not None)
        for version_id in ids:
            found[version_id].append(service.name)
    return found


def services_on_alias(tx: Connection, row: ModelRow, alias: str) -> list[str]:
    """The services that were deployed on an alias, or name it for a version beside their own."""
    return [
        service.name
        for service in tx.execute(_SERVICES, {"model": row.id})
        if key(alias) in map(key, (service.alias or "", *_beside(service)))
    ]


def _beside(service: Row[Any]) -> list[str]:
    """The words for other versions that a service which is wanted needs: names or aliases."""
    if not service.wanted:
        return []
    shadow = service.options.get("shadow")
    return [*service.options.get("split", ()), *([] if shadow is None else [shadow])]


def _meanings(tx: Connection, row: ModelRow) -> dict[str, int | None]:
    """What each word, as it is compared, means of a model's versions: names come before aliases."""
    versions = version_rows(tx, row.id)
    return {
        **{key(alias): version.id for alias, version in alias_rows(tx, row.id).items()},
        "default": row.default_version_id,
        **({"first": versions[0].id, "last": versions[-1].id} if versions else {}),
        **{key(version.name): version.id for version in versions},
    }


def next_name(tx: Connection, row: ModelRow, asked: str | None) -> tuple[str, int]:
    """The name and the ordinal of the model's next version.

    Raises:
        AlreadyExists: when ``asked`` is, or once was, the name of a version.
    """
    n = tables.version_name.c
    ordinal = (
        tx.scalar(select(func.coalesce(func.max(n.ordinal), 0)).where(n.model_id == row.id)) or 0
    ) + 1
    if asked is not None:
        check_name_is_free(tx, row, asked)
        return asked, ordinal
    number = tx.scalar(select(_M.next_number).where(_M.id == row.id)) or 1
    while _is_taken(tx, row.id, f"V{number}"):
        number += 1
    tx.execute(update(tables.model).where(_M.id == row.id).values(next_number=number + 1))
    return f"V{number}", ordinal


def check_name_is_free(tx: Connection, row: ModelRow, name: str) -> None:
    """Return if the next version may have this name.

    Raises:
        AlreadyExists: when it is, or once was, a version's, or is an alias.
    """
    there = version_named(tx, row.id, name)
    if there is not None:
        raise AlreadyExists(
            f"Model {row.name.name} has a version {there.name} already.",
            hint="A version never changes. Log it under another name, or under none: "
            "it gets the next number.",
        )
    if _is_taken(tx, row.id, name):
        raise AlreadyExists(
            f"Model {row.name.name} had a version {name}, which was deleted.",
            hint="A name is never used twice. Choose another, or none.",
        )
    alias = alias_named(tx, row.id, name)
    if alias is not None:
        raise AlreadyExists(
            f"{alias[0]} is an alias of model {row.name.name}, so no version can have that name.",
            hint="Choose another name, or none.",
        )


def _is_taken(tx: Connection, model_id: int, name: str) -> bool:
    n = tables.version_name.c
    query = select(n.ordinal).where(n.model_id == model_id, n.name_key == key(name))
    return tx.execute(query).first() is not None


def load_versions(
    tx: Connection, row: ModelRow, version_id: int | None = None
) -> list[ModelVersion]:
    """The model's versions in order, or the one with this id, with all that is kept beside."""
    query = _VERSIONS if version_id is None else _VERSION
    wanted = {"model": row.id} if version_id is None else {"model": row.id, "id": version_id}
    kept = current_of_model(tx, row.id, version_id)
    aliases: dict[int, list[str]] = defaultdict(list)
    for name, pointed in alias_rows(tx, row.id).items():
        aliases[pointed.id].append(name)
    services = service_names(tx, row)
    return [
        ModelVersion(
            id=v.id,
            model=row.name,
            name=v.name,
            ordinal=v.ordinal,
            manifest=Manifest.from_dict(v.manifest),
            comment=kept[v.id, COMMENT].get("", ""),
            created_at=v.created_at,
            created_by=v.created_by,
            is_default=v.id == row.default_version_id,
            aliases=tuple(aliases[v.id]),
            metrics=kept[v.id, METRIC],
            tags=kept[v.id, TAG],
            services=tuple(services[v.id]),
        )
        for v in tx.execute(query, wanted)
    ]


def load_model(tx: Connection, row: ModelRow) -> Model:
    """The model with what is kept beside it."""
    versions = version_rows(tx, row.id)
    kept: Mapping[Any, Any] = current_of_model(tx, row.id, None, of_versions=False)
    default = next((v.name for v in versions if v.id == row.default_version_id), None)
    return Model(
        id=row.id,
        name=row.name,
        comment=kept[None, COMMENT].get("", ""),
        default_version=default,
        versions=tuple(v.name for v in versions),
        aliases={name: v.name for name, v in alias_rows(tx, row.id).items()},
        tags=kept[None, TAG],
        created_at=row.created_at,
        owner=row.created_by,
    )


def some(names: Sequence[str], most: int = 20) -> str:
    """Names for a sentence, the last ones when there are many.

    >>> some(["V1", "V2", "V3"], most=2)
    'V2, V3 and 1 more'
    """
    shown = ", ".join(names[-most:])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _is(model: Qualified) -> tuple[Any, ...]:
    database, schema, name = model.key
    return _M.database_key == database, _M.schema_key == schema, _M.name_key == name


def _model_row(row: Row[Any]) -> ModelRow:
    name = Qualified(Namespace(row.database, row.schema), row.name)
    return ModelRow(row.id, name, row.default_version_id, row.created_at, row.created_by)
