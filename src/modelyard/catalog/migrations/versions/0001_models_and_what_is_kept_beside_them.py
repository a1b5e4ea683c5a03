"""Models, their versions and what is kept beside them; tokens, events and services."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _name(what: str = "name", nullable: bool = False) -> sa.Column[str]:
    return sa.Column(what, sa.String(255), nullable=nullable)


def _time(what: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(what, sa.String(27), nullable=nullable)


def _text(what: str, length: int, nullable: bool = False, **more: Any) -> sa.Column[str]:
    return sa.Column(what, sa.String(length), nullable=nullable, **more)


def _number(what: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(what, sa.Integer, nullable=nullable)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _of(table: str, *, key: bool = False, nullable: bool = False, gone: str | None = None) -> Any:
    target = sa.ForeignKey(f"{table}.id", ondelete=gone)
    kind = sa.String(32) if table == "service" else sa.Integer
    return sa.Column(f"{table}_id", kind, target, primary_key=key, nullable=nullable)


def _qualified() -> list[sa.Column[str]]:
    parts = ("database", "schema", "name")
    return [_name(p) for p in parts] + [_name(f"{p}_key") for p in parts]


def upgrade() -> None:
    """Make every table."""
    _models()
    _kept_beside()
    _access()
    _services()
    _never_changed("version", "UPDATE")
    _never_changed("event", "UPDATE")
    _never_changed("event", "DELETE")


def _models() -> None:
    op.create_table(
        "model",
        _id(),
        *_qualified(),
        _number("default_version_id", nullable=True),
        _number("next_number"),
        _time("created_at"),
        _name("created_by"),
        _time("deleted_at", nullable=True),
        sa.UniqueConstraint("database_key", "schema_key", "name_key"),
    )
    op.create_table(
        "version",
        _id(),
        _of("model"),
        _name(),
        _name("name_key"),
        _number("ordinal"),
        sa.Column("manifest", sa.Text, nullable=False),
        _time("created_at"),
        _name("created_by"),
        sa.UniqueConstraint("model_id", "name_key"),
        sa.UniqueConstraint("model_id", "ordinal"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "version_name",
        _of("model", key=True),
        _text("name_key", 255, primary_key=True),
        _number("ordinal"),
        sa.UniqueConstraint("model_id", "ordinal"),
    )
    op.create_table(
        "version_file",
        _of("version", key=True, gone="CASCADE"),
        _text("role", 32, primary_key=True),
        _text("digest", 64),
        _number("size_bytes"),
    )
    op.create_index("ix_version_file_digest", "version_file", ["digest"])


def _kept_beside() -> None:
    op.create_table(
        "annotation",
        _id(),
        _of("model"),
        _of("version", nullable=True, gone="CASCADE"),
        _text("kind", 16),
        _name(),
        sa.Column("value", sa.Text),
        _time("at"),
        _name("by"),
    )
    op.create_index("annotation_of", "annotation", ["model_id", "version_id", "kind", "name"])
    op.create_table(
        "alias",
        _of("model", key=True),
        _text("name_key", 255, primary_key=True),
        _name(),
        _of("version"),
    )
    op.create_table(
        "alias_move",
        _id(),
        _of("model"),
        _name(),
        _name("version", nullable=True),
        _name("previous", nullable=True),
        _time("at"),
        _name("by"),
    )
    op.create_index("ix_alias_move_model_id", "alias_move", ["model_id"])
    op.create_table(
        "idempotency",
        _text("actor", 255, primary_key=True),
        _text("key", 255, primary_key=True),
        _text("request", 64),
        _of("model"),
        _number("version_id"),
        sa.Column("notes", sa.Text, nullable=False),
        _time("at"),
    )


def _access() -> None:
    op.create_table(
        "event",
        _id(),
        _time("at"),
        _name("actor"),
        _text("token_id", 8, nullable=True),
        _text("kind", 64),
        _text("subject", 1100),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("ix_event_subject", "event", ["subject"])
    op.create_table(
        "token",
        _text("id", 8, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        _text("role", 16),
        _text("service", 1100, nullable=True),
        _text("secret_sha256", 64),
        _time("created_at"),
        _name("created_by"),
        _time("expires_at", nullable=True),
        _time("revoked_at", nullable=True),
        _time("last_used_at", nullable=True),
    )


def _services() -> None:
    op.create_table(
        "service",
        _text("id", 32, primary_key=True),
        *_qualified(),
        _of("model"),
        _of("version"),
        _name("alias", nullable=True),
        sa.Column("options", sa.Text, nullable=False),
        _number("generation"),
        _number("wanted"),
        _time("created_at"),
        _name("created_by"),
        sa.UniqueConstraint("database_key", "schema_key", "name_key"),
    )
    op.create_index("service_of", "service", ["model_id", "version_id"])
    op.create_table(
        "service_change",
        _id(),
        _of("service", gone="CASCADE"),
        _text("status", 16),
        sa.Column("cause", sa.Text),
        _time("at"),
    )
    op.create_index("ix_service_change_service_id", "service_change", ["service_id"])


def _never_changed(table: str, change: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are for ever'); END"
        )
