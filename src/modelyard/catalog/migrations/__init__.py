"""How the tables came to be: numbered revisions, each named by a sentence, run by Alembic.

A revision is never edited once released: a later one changes what it made.
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from modelyard.catalog.revision import newest, recorded
from modelyard.errors import Unavailable


def upgrade(tx: Connection) -> None:
    """Run every revision that is missing, in the transaction that is open.

    Raises:
        Unavailable: when the revision the tables are at is not known here.
    """
    found = recorded(tx)
    known = {s.revision for s in ScriptDirectory.from_config(_config(None)).walk_revisions()}
    if found is not None and found not in known:
        raise Unavailable(
            f"The catalog was written by a newer Modelyard (revision {found}; "
            f"this one knows up to {newest()}).",
            hint="Upgrade Modelyard, or open another home.",
        )
    command.upgrade(_config(tx), "head")


def _config(tx: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", "modelyard.catalog:migrations")
    config.attributes["connection"] = tx
    return config
