"""How the tables came to be: numbered revisions, each named by a sentence, run by Alembic.

A revision is never edited once released: a later one changes what it made.
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from modelyard.errors import Unavailable


def newest() -> str:
    """The revision this Modelyard works with."""
    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    assert head is not None
    return head


def current(tx: Connection) -> str | None:
    """The revision the tables are at; None: there are none yet.

    Raises:
        Unavailable: when that revision is not known here.
    """
    found = MigrationContext.configure(tx).get_current_revision()
    known = {s.revision for s in ScriptDirectory.from_config(_config(None)).walk_revisions()}
    if found is not None and found not in known:
        raise Unavailable(
            f"The catalog was written by a newer Modelyard (revision {found}; "
            f"this one knows up to {newest()}).",
            hint="Upgrade Modelyard, or open another home.",
        )
    return found


def upgrade(tx: Connection) -> None:
    """Run every revision that is missing, in the transaction that is open."""
    current(tx)
    command.upgrade(_config(tx), "head")


def _config(tx: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", "modelyard.catalog:migrations")
    config.attributes["connection"] = tx
    return config
