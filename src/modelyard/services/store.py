"""The SQL of services: their wishes, and the statuses they have had of late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from modelyard.catalog import tables
from modelyard.names import Namespace, Qualified
from modelyard.services.options import Options
from modelyard.services.types import Change, ServiceSpec, State, Status

_service, _change, _model, _version = (
    tables.service,
    tables.service_change,
    tables.model,
    tables.version,
)


KEPT = 200
"""Statuses of a service."""


@dataclass(frozen=True, slots=True)
class Record:
    """A service's row: its wish, whether it is still wanted, and when it was first deployed."""

    spec: ServiceSpec
    wanted: bool
    created_at: datetime


def _records() -> Any:
    return select(
        _service,
        _model.c.database.label("model_database"),
        _model.c.schema.label("model_schema"),
        _model.c.name.label("model_name"),
        _version.c.name.label("version_name"),
    ).select_from(
        _service.join(_model, _service.c.model_id == _model.c.id).join(
            _version, _service.c.version_id == _version.c.id
        )
    )


def every(tx: Connection) -> list[Record]:
    """Every service, those being undeployed too, in the order of their names."""
    order = (_service.c.database_key, _service.c.schema_key, _service.c.name_key)
    return [_record(row) for row in tx.execute(_records().order_by(*order)).mappings()]


def find(tx: Connection, name: Qualified) -> Record | None:
    """The service of this name, one being undeployed too; None when there is none."""
    row = tx.execute(_records().where(*_named(name))).mappings().one_or_none()
    return None if row is None else _record(row)


def add(tx: Connection, spec: ServiceSpec, version_id: int, at: datetime, by: str) -> None:
    """Write a new service's wish."""
    database, schema, name = spec.name.key
    tx.execute(
        insert(_service).values(
            id=spec.id,
            database=spec.name.namespace.database,
            schema=spec.name.namespace.schema,
            name=spec.name.name,
            database_key=database,
            schema_key=schema,
            name_key=name,
            **_wish(spec, version_id),
            created_at=at,
            created_by=by,
        )
    )


def replace(tx: Connection, spec: ServiceSpec, version_id: int) -> None:
    """Write a new wish under a name that is there; a host of the old one is then outdated."""
    wish = _wish(spec, version_id)
    tx.execute(update(_service).where(_service.c.id == spec.id).values(**wish))


def unwant(tx: Connection, service_id: str) -> None:
    """Say that it shall end; the row goes when its process is gone."""
    tx.execute(update(_service).where(_service.c.id == service_id).values(wanted=0))


def forget(tx: Connection, service_id: str) -> bool:
    """Delete the row of a service that is not wanted; False when it is wanted again."""
    gone = delete(_service).where(_service.c.id == service_id, _service.c.wanted == 0)
    return tx.execute(gone).rowcount > 0


def exists(tx: Connection, service_id: str) -> bool:
    """Whether there is a row of this service, wanted or not."""
    return tx.execute(select(_service.c.id).where(_service.c.id == service_id)).first() is not None


def history(tx: Connection, service_id: str) -> tuple[Change, ...]:
    """The statuses it has had of late, oldest first."""
    query = select(_change).where(_change.c.service_id == service_id).order_by(_change.c.id)
    return tuple(_as_change(row) for row in tx.execute(query).mappings())


def last_changes(tx: Connection) -> Mapping[str, Change]:
    """The status of every service, by the service's id."""
    last = select(func.max(_change.c.id)).group_by(_change.c.service_id)
    rows = tx.execute(select(_change).where(_change.c.id.in_(last))).mappings()
    return {row["service_id"]: _as_change(row) for row in rows}


def change(tx: Connection, service_id: str, generation: int, status: Status, at: datetime) -> bool:
    """Add a status, unless the wish it belongs to was replaced or is gone; False then.

    The last :data:`KEPT` are kept: a service whose workers crash for weeks has ever new causes.
    """
    current = select(_service.c.id).where(
        _service.c.id == service_id, _service.c.generation == generation
    )
    if tx.execute(current).first() is None:
        return False
    tx.execute(
        insert(_change).values(
            service_id=service_id, status=status.state.value, cause=status.cause, at=at
        )
    )
    of_it = _change.c.service_id == service_id
    last = select(_change.c.id).where(of_it).order_by(_change.c.id.desc()).limit(KEPT)
    tx.execute(delete(_change).where(of_it, _change.c.id.not_in(last)))
    return True


def _wish(spec: ServiceSpec, version_id: int) -> dict[str, Any]:
    model = select(_version.c.model_id).where(_version.c.id == version_id).scalar_subquery()
    return {
        "model_id": model,
        "version_id": version_id,
        "alias": spec.alias,
        "options": spec.options.to_dict(),
        "generation": spec.generation,
        "wanted": 1,
    }


def _named(name: Qualified) -> tuple[Any, ...]:
    database, schema, plain = name.key
    return (
        _service.c.database_key == database,
        _service.c.schema_key == schema,
        _service.c.name_key == plain,
    )


def _record(row: RowMapping) -> Record:
    spec = ServiceSpec(
        id=row["id"],
        name=Qualified(Namespace(row["database"], row["schema"]), row["name"]),
        model=Qualified(Namespace(row["model_database"], row["model_schema"]), row["model_name"]),
        version=row["version_name"],
        generation=row["generation"],
        alias=row["alias"],
        options=Options.from_dict(row["options"]),
    )
    return Record(spec, bool(row["wanted"]), row["created_at"])


def _as_change(row: RowMapping) -> Change:
    return Change(Status(State(row["status"]), row["cause"]), row["at"])
