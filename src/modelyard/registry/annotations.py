"""What is said of models and versions: metrics, tags, comments. Only ever added to.

The last annotation of a kind and a name counts; one without a value says that it was deleted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, insert, select

from modelyard.catalog import tables
from modelyard.errors import InvalidValue

METRIC, TAG, COMMENT = "metric", "tag", "comment"
_N = tables.annotation.c


def _current(of: ColumnElement[bool]) -> Select[Any]:
    last = select(func.max(_N.id)).where(_N.model_id == bindparam("model"), of)
    last = last.group_by(_N.version_id, _N.kind, _N.name)
    query: Select[Any] = select(_N.version_id, _N.kind, _N.name, _N.value)
    return query.where(_N.id.in_(last)).order_by(_N.name)


_OF_VERSION = _current(_N.version_id == bindparam("version"))
_OF_VERSIONS = _current(_N.version_id.is_not(None))
_OF_MODEL = _current(_N.version_id.is_(None))


def check_label(name: object, what: str) -> str:
    """Return ``name`` if a metric or a tag may have it: 1 to 255 printable characters.

    Raises:
        InvalidValue: for anything else.
    """
    if not isinstance(name, str) or not 1 <= len(name) <= 255 or not name.isprintable():
        raise InvalidValue(
            f"{str(name)[:80]!r} cannot name a {what}.",
            hint="Use 1 to 255 printable characters.",
        )
    return name


def annotate(
    tx: Connection,
    model_id: int,
    version_id: int | None,
    kind: str,
    values: Mapping[str, Any],
    *,
    now: datetime,
    by: str,
) -> None:
    """Add one annotation for each name; a value of None deletes."""
    rows = [
        {
            "model_id": model_id,
            "version_id": version_id,
            "kind": kind,
            "name": name,
            "value": value,
            "at": now,
            "by": by,
        }
        for name, value in values.items()
    ]
    if rows:
        tx.execute(insert(tables.annotation), rows)


def current(tx: Connection, model_id: int, version_id: int | None, kind: str) -> dict[str, Any]:
    """What counts now, by name: of a version, or of the model itself."""
    kept = current_of_model(tx, model_id, version_id, of_versions=version_id is not None)
    return kept[version_id, kind]


def current_of_model(
    tx: Connection, model_id: int, version_id: int | None, *, of_versions: bool = True
) -> dict[tuple[int | None, str], dict[str, Any]]:
    """What counts now, by version and kind: of one version, of all, or of the model itself."""
    wanted = {"model": model_id}
    if version_id is not None:
        query, wanted["version"] = _OF_VERSION, version_id
    else:
        query = _OF_VERSIONS if of_versions else _OF_MODEL
    found: dict[tuple[int | None, str], dict[str, Any]] = defaultdict(dict)
    for row in tx.execute(query, wanted):
        if row.value is not None:
            found[row.version_id, row.kind][row.name] = row.value
    return found


def history(
    tx: Connection, model_id: int, version_id: int | None, kind: str, name: str
) -> list[Row[Any]]:
    """Every value it has had, oldest first: rows of value, at, by."""
    is_of = _N.version_id.is_(None) if version_id is None else _N.version_id == version_id
    query = select(_N.value, _N.at, _N.by).where(
        _N.model_id == model_id, is_of, _N.kind == kind, _N.name == name
    )
    return list(tx.execute(query.order_by(_N.id)))
