"""The tables of the catalog: the newest shape; ``migrations/`` says how it is reached.

A ``*_key`` column is the name beside it as names are compared: without case. Times are UTC.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData()


class Utc(TypeDecorator[datetime]):
    """An aware time, kept as text that sorts: ``2024-05-01T12:00:00.000000Z``."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """To text; a time without a zone is a mistake of the caller's."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time in the catalog must know its zone")
        text = value.astimezone(UTC).isoformat(timespec="microseconds")
        return text.replace("+00:00", "Z")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Back to an aware time in UTC."""
        return None if value is None else datetime.fromisoformat(value)


class Json(TypeDecorator[Any]):
    """Plain JSON as text; None is null.

    Not the database's own type: SQLite would keep the text ``0.1`` as a number it read itself,
    and ``-0.0`` as 0.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """To text; NaN is a mistake of the caller's."""
        return None if value is None else json.dumps(value, allow_nan=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Back to what it was."""
        return None if value is None else json.loads(value)


def _name(what: str = "name", *, nullable: bool = False) -> Column[str]:
    return Column(what, String(255), nullable=nullable)


model = Table(
    "model",
    metadata,
    Column("id", Integer, primary_key=True),
    _name("database"),
    _name("schema"),
    _name(),
    _name("database_key"),
    _name("schema_key"),
    _name("name_key"),
    Column("default_version_id", Integer),
    Column("next_number", Integer, nullable=False, default=1),
    Column("created_at", Utc, nullable=False),
    _name("created_by"),
    Column("deleted_at", Utc),
    UniqueConstraint("database_key", "schema_key", "name_key"),
)
"""A model that is deleted keeps its row, so that no version's name is ever used again."""

version = Table(
    "version",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model_id", ForeignKey("model.id"), nullable=False),
    _name(),
    _name("name_key"),
    Column("ordinal", Integer, nullable=False),
    Column("manifest", Json, nullable=False),
    Column("created_at", Utc, nullable=False),
    _name("created_by"),
    UniqueConstraint("model_id", "name_key"),
    UniqueConstraint("model_id", "ordinal"),
    sqlite_autoincrement=True,
)
"""Rows are inserted and deleted, never updated: a trigger refuses it. Ids are not reused."""

version_name = Table(
    "version_name",
    metadata,
    Column("model_id", ForeignKey("model.id"), primary_key=True),
    Column("name_key", String(255), primary_key=True),
    Column("ordinal", Integer, nullable=False),
    UniqueConstraint("model_id", "ordinal"),
)
"""Every name a version of the model has ever had."""

version_file = Table(
    "version_file",
    metadata,
    Column("version_id", ForeignKey("version.id", ondelete="CASCADE"), primary_key=True),
    Column("role", String(128), primary_key=True),
    Column("digest", String(64), nullable=False, index=True),
    Column("size_bytes", Integer, nullable=False),
)
"""What keeps an artifact from being collected."""

annotation = Table(
    "annotation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model_id", ForeignKey("model.id"), nullable=False),
    Column("version_id", ForeignKey("version.id", ondelete="CASCADE")),
    Column("kind", String(16), nullable=False),
    _name(),
    Column("value", Json),
    Column("at", Utc, nullable=False),
    _name("by"),
    Index("annotation_of", "model_id", "version_id", "kind", "name"),
)
"""Metrics, tags and comments: only ever added to. The last one counts; no value: deleted.

``version_id`` is null for what is said of the model itself.
"""

alias = Table(
    "alias",
    metadata,
    Column("model_id", ForeignKey("model.id"), primary_key=True),
    Column("name_key", String(255), primary_key=True),
    _name(),
    Column("version_id", ForeignKey("version.id"), nullable=False),
)

alias_move = Table(
    "alias_move",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model_id", ForeignKey("model.id"), nullable=False, index=True),
    _name(),
    _name("version", nullable=True),
    _name("previous", nullable=True),
    Column("at", Utc, nullable=False),
    _name("by"),
)
"""Where each alias has pointed: version names, null when it was unset or new."""

idempotency = Table(
    "idempotency",
    metadata,
    Column("actor", String(255), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("model_id", ForeignKey("model.id"), nullable=False),
    Column("version_id", Integer, nullable=False),
    Column("notes", Json, nullable=False),
    Column("at", Utc, nullable=False),
)
"""Which request of whom led to which version; the version may have been deleted since."""

event = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Utc, nullable=False),
    _name("actor"),
    Column("token_id", String(8)),
    Column("kind", String(64), nullable=False),
    Column("subject", String(1100), nullable=False, index=True),
    Column("detail", Json, nullable=False),
)
"""The audit log: a trigger refuses updates and deletions."""

token = Table(
    "token",
    metadata,
    Column("id", String(8), primary_key=True),
    Column("name", Text, nullable=False),
    Column("user_name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("grants", Json, nullable=False),
    Column("networks", Json, nullable=False),
    Column("secret_sha256", String(64), nullable=False),
    Column("created_at", Utc, nullable=False),
    _name("created_by"),
    Column("expires_at", Utc),
    Column("revoked_at", Utc),
    Column("replaced_by", String(8), index=True),
    Column("last_used_at", Utc),
)

service = Table(
    "service",
    metadata,
    Column("id", String(32), primary_key=True),
    _name("database"),
    _name("schema"),
    _name(),
    _name("database_key"),
    _name("schema_key"),
    _name("name_key"),
    Column("model_id", ForeignKey("model.id"), nullable=False),
    Column("version_id", ForeignKey("version.id"), nullable=False),
    _name("alias", nullable=True),
    Column("options", Json, nullable=False),
    Column("generation", Integer, nullable=False, default=1),
    Column("wanted", Integer, nullable=False, default=1),
    Column("created_at", Utc, nullable=False),
    _name("created_by"),
    UniqueConstraint("database_key", "schema_key", "name_key"),
    Index("service_of", "model_id", "version_id"),
)
"""What is wanted of each service: a version, the alias it follows or null, and the options.

``generation`` grows with each deploy under the name; ``wanted`` 0: it is being undeployed.
"""

service_change = Table(
    "service_change",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("service_id", ForeignKey("service.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("status", String(16), nullable=False),
    Column("cause", Text),
    Column("at", Utc, nullable=False),
)
"""Each status a service has had; the last one counts."""
