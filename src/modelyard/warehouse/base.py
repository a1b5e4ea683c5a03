"""What the registry asks of a warehouse: tables in schemas in databases, and SQL over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

import pyarrow as pa

from modelyard.names import Namespace, Qualified

if TYPE_CHECKING:
    import pyarrow.dataset as ds


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table or a view, by its names as first written."""

    database: str
    schema: str
    name: str

    def to_dict(self) -> dict[str, str]:
        """As it is sent."""
        return {"database": self.database, "schema": self.schema, "name": self.name}


Rows: TypeAlias = "pa.Table | ds.Dataset"
"""Rows in memory, or in files that are read as far as they are asked for."""


class Warehouse(Protocol):
    """Tables by name; names keep their case and match without it.

    What is answered holds only columns R has: boolean, 32-bit integer, double, text, date,
    timestamp (with or without a zone) and dictionaries of text. Whole numbers come as 32-bit
    integers when all of a column fit, else as doubles when those are exact. SQL reads and writes
    no file and no network address.
    """

    def run(
        self,
        sql: str,
        namespace: Namespace,
        *,
        read_only: bool = False,
        given: Mapping[str, Rows] | None = None,
    ) -> pa.Table | int:
        """Run one statement: rows of a query, or how many rows a statement changed.

        Names without a database or a schema are looked up in ``namespace``, which a statement
        makes when it is not there and a query does not. ``read_only`` allows queries alone.
        ``given`` are further tables that this statement sees, by their names.

        Raises:
            Forbidden: a statement where only queries are allowed.
            InvalidValue: SQL that is wrong, not allowed, or more than one statement.
            NotFound: a table that is not there.
            PrecisionLoss: a whole number a double cannot hold.
        """

    def write(self, table: Qualified, rows: pa.Table, overwrite: bool) -> int:
        """Store rows as a table and return how many; all of them or, on failure, none.

        Factors are stored as text. Raises:
            AlreadyExists: the table is there and ``overwrite`` is False.
            InvalidValue: rows that cannot be a table here.
        """

    def read(self, table: Qualified, limit: int | None) -> pa.Table:
        """The rows of a table, in the order they were written, at most ``limit`` of them.

        Raises:
            NotFound: there is no such table.
        """

    def tables(self, namespace: Namespace | None) -> list[TableInfo]:
        """Tables and views of a namespace, or of all of them, sorted by name."""

    def drop(self, table: Qualified) -> None:
        """Remove a table or view.

        Raises:
            NotFound: there is no such table.
        """

    def close(self) -> None:
        """Write what is pending and let go of the files."""
