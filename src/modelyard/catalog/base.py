"""The seam for rows: what every database of record promises."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection


class Catalog(Protocol):
    """A database that loses nothing it has acknowledged.

    Writers go one after another: inside ``begin()`` nothing that was read can be changed by
    another. ``testing/catalog.py`` holds the tests each implementation passes.
    """

    def begin(self) -> AbstractContextManager[Connection]:
        """One write transaction: committed at the end, rolled back by any exception.

        Raises:
            Unavailable: when other writers kept it busy for too long, or the disk fails.
            StorageFull: when there is no room; nothing is written then.
        """
        ...

    def connect(self) -> AbstractContextManager[Connection]:
        """One read transaction: every query in it sees the same moment."""
        ...

    def upgrade(self) -> None:
        """Bring the tables to the newest shape, wholly or not at all.

        Raises:
            Unavailable: when they were written by a newer Modelyard.
        """
        ...

    def close(self) -> None:
        """Let go of every connection."""
        ...
