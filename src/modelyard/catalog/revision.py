"""At which revision the tables are, and which is the newest: without Alembic, which takes longer to
load than a service host's own code, and is needed by whoever changes tables only."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from sqlalchemy import Connection, column, inspect, select, table

_VERSION = table("alembic_version", column("version_num"))


@cache
def newest() -> str:
    """The revision this Modelyard works with: its files are numbered."""
    versions = files("modelyard.catalog").joinpath("migrations", "versions")
    return max(f.name[:4] for f in versions.iterdir() if f.name[:4].isdigit())


def recorded(tx: Connection) -> str | None:
    """The revision the tables say they are at; None: there are none yet."""
    if not inspect(tx).has_table(_VERSION.name):
        return None
    found: str | None = tx.execute(select(_VERSION.c.version_num)).scalar()
    return found
