"""The warehouse in DuckDB: one file for each database, attached under its name.

DuckDB's switch against files and network cannot be turned back, and it also forbids attaching.
So a new database means opening again: everyone else waits at the gate for that moment.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import RLock, Timer

import duckdb
import pyarrow as pa

from modelyard.errors import (
    AlreadyExists,
    Forbidden,
    InvalidName,
    InvalidValue,
    TooLarge,
    Unavailable,
)
from modelyard.names import Namespace, Qualified, key
from modelyard.warehouse.base import Rows, TableInfo
from modelyard.warehouse.columns import answer, storable
from modelyard.warehouse.gate import Gate
from modelyard.warehouse.sql_errors import no_table, not_opened, translated

_OWN = frozenset({"memory", "system", "temp", "main"})
"""Databases DuckDB has itself."""

_GRACE_S, _CLOSE_WAIT_S = 2.0, 5.0
"""How long an interrupted statement may take to end; how long closing waits for statements."""

_QUERY = "SELECT"
_STATEMENTS = frozenset(
    {"INSERT", "UPDATE", "DELETE", "MERGE_INTO", "CREATE", "DROP", "ALTER", "EXPLAIN"}
)

_TELLS_PATHS = re.compile(
    r"\b(current_setting|duckdb_settings|duckdb_databases|duckdb_secrets|duckdb_extensions"
    r"|duckdb_temporary_files|pragma_\w+)\b",
    re.IGNORECASE,
)
"""Functions of DuckDB that show where files are."""

_LISTING = """
SELECT database_name, schema_name, table_name FROM duckdb_tables() WHERE NOT internal
UNION ALL
SELECT database_name, schema_name, view_name FROM duckdb_views() WHERE NOT internal
"""


def quote(identifier: str) -> str:
    """An identifier as SQL text, whatever characters it has.

    >>> quote('a"b')
    '"a""b"'
    """
    return '"' + identifier.replace('"', '""') + '"'


def _address(table: Qualified) -> str:
    space = table.namespace
    return ".".join(quote(part) for part in (space.database, space.schema, table.name))


class DuckDBWarehouse:
    """A folder of DuckDB files, owned by this process as long as it is open."""

    def __init__(
        self, folder: Path, *, deadline_s: float = 60.0, memory_bytes: int = 4 * 2**30
    ) -> None:
        """Open every database of ``folder``, which is made when it is not there.

        A statement of SQL is interrupted after ``deadline_s``, and all of them together take at
        most ``memory_bytes`` before they spill to disk.

        Raises:
            Unavailable: another process has the files open.
        """
        self._folder = folder
        self._deadline_s = deadline_s
        self._memory_bytes = memory_bytes
        self._gate = Gate()
        self._writing = RLock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._databases = {key(f.stem): f.stem for f in folder.glob("*.duckdb")}
        self._connection = self._open()

    def run(
        self,
        sql: str,
        namespace: Namespace,
        *,
        read_only: bool = False,
        given: Mapping[str, Rows] | None = None,
    ) -> pa.Table | int:
        """See :class:`~modelyard.warehouse.base.Warehouse`."""
        with self._faults(namespace):
            kind = _kind(sql)
        if kind == _QUERY:
            with self._cursor() as cursor, self._faults(namespace):
                self._use(cursor, namespace)
                _register(cursor, given)
                # WITH x AS (INSERT ...) SELECT parses as a query; in here it is refused.
                cursor.execute("BEGIN TRANSACTION READ ONLY")
                with self._deadline(cursor):
                    return answer(cursor.sql(sql).to_arrow_table())
        if read_only:
            raise Forbidden("This token may query tables, not change them.")
        with self._writing:
            self._make(namespace)
            with self._cursor() as cursor, self._faults(namespace):
                self._use(cursor, namespace)
                _register(cursor, given)
                with self._deadline(cursor):
                    return _changed(cursor, sql)

    def write(self, table: Qualified, rows: pa.Table, overwrite: bool) -> int:
        """See :class:`~modelyard.warehouse.base.Warehouse`."""
        stored = storable(rows)
        with self._writing:
            self._make(table.namespace)
            with self._cursor() as cursor, self._faults(table.namespace):
                if not overwrite and self._find(cursor, table) is not None:
                    raise AlreadyExists(
                        f"There is a table {table} already.",
                        hint="Replace it (overwrite = TRUE, --overwrite), or choose another name.",
                    )
                cursor.register("modelyard_rows", stored)
                cursor.execute(
                    f"CREATE OR REPLACE TABLE {_address(table)} AS SELECT * FROM modelyard_rows"  # noqa: S608 (quoted names)
                )
        return int(rows.num_rows)

    def read(self, table: Qualified, limit: int | None) -> pa.Table:
        """See :class:`~modelyard.warehouse.base.Warehouse`."""
        if limit is not None and limit < 0:
            raise InvalidValue(f"limit is a number of rows, not {limit}.")
        bound = "" if limit is None else f" LIMIT {int(limit)}"
        with self._cursor() as cursor, self._faults(table.namespace):
            self._existing(cursor, table)
            sql = f"SELECT * FROM {_address(table)}{bound}"  # noqa: S608 (quoted names)
            return answer(cursor.sql(sql).to_arrow_table())

    def tables(self, namespace: Namespace | None) -> list[TableInfo]:
        """See :class:`~modelyard.warehouse.base.Warehouse`."""
        with self._cursor() as cursor:
            return _list(cursor, namespace)

    def drop(self, table: Qualified) -> None:
        """See :class:`~modelyard.warehouse.base.Warehouse`."""
        with self._writing, self._cursor() as cursor, self._faults(table.namespace):
            self._existing(cursor, table)
            try:
                cursor.execute(f"DROP TABLE {_address(table)}")
            except duckdb.CatalogException:  # it exists, so it is a view
                cursor.execute(f"DROP VIEW {_address(table)}")

    def close(self) -> None:
        """See :class:`~modelyard.warehouse.base.Warehouse`."""
        # A statement that DuckDB cannot interrupt is cut off with the process; its files bear it.
        with contextlib.suppress(TimeoutError), self._gate.exclusive(_CLOSE_WAIT_S):
            self._connection.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_community_extensions": "false",
                "python_enable_replacements": "false",  # SQL sees no variable of this process
                "temp_directory": str(self._folder / "spill"),
                "memory_limit": f"{self._memory_bytes}B",
            },
        )
        try:
            for name in self._databases.values():
                file = str(self._folder / f"{name}.duckdb").replace("'", "''")
                connection.execute(f"ATTACH '{file}' AS {quote(name)}")
        except duckdb.IOException as e:
            connection.close()
            raise not_opened(e) from e
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection

    def _make(self, namespace: Namespace) -> None:
        """Make the database and the schema if they are not there; the caller holds the lock."""
        if key(namespace.database) in _OWN:
            raise InvalidName(
                f"{namespace.database} cannot name a database of tables.",
                hint="The warehouse keeps memory, system, temp and main for itself.",
            )
        if key(namespace.database) not in self._databases:
            self._add(namespace.database)
        with self._cursor() as cursor, self._faults(namespace):
            where = f"{quote(namespace.database)}.{quote(namespace.schema)}"
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {where}")

    def _add(self, database: str) -> None:
        """Open again with one database more, once every statement has ended."""
        try:
            with self._gate.exclusive(self._deadline_s + _GRACE_S):
                self._connection.close()
                self._databases[key(database)] = database
                try:
                    self._connection = self._open()
                except BaseException:
                    del self._databases[key(database)]
                    self._connection = self._open()
                    raise
        except TimeoutError:
            raise Unavailable(
                f"The database {database} cannot be made while a statement goes on that does not "
                "end.",
                hint="Try again later.",
            ) from None

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._gate.shared(), contextlib.closing(self._connection.cursor()) as cursor:
            yield cursor

    @contextmanager
    def _deadline(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        timer = Timer(self._deadline_s, cursor.interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield
        except duckdb.InterruptException as e:
            raise TooLarge(
                f"The statement did not end within {self._deadline_s:g} s, and was ended.",
                hint="Ask for fewer rows, or raise sql_deadline_s.",
            ) from e
        finally:
            timer.cancel()

    def _use(self, cursor: duckdb.DuckDBPyConnection, namespace: Namespace) -> None:
        # A query may be asked where nothing was ever written; it then finds no table by bare name.
        with contextlib.suppress(duckdb.CatalogException):
            cursor.execute(f"USE {quote(namespace.database)}.{quote(namespace.schema)}")

    @contextmanager
    def _faults(self, namespace: Namespace) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as e:
            there = [t.name for t in self.tables(namespace)]
            raise translated(e, namespace, there, self._folder) from e

    def _find(self, cursor: duckdb.DuckDBPyConnection, table: Qualified) -> TableInfo | None:
        wanted = key(table.name)
        return next((t for t in _list(cursor, table.namespace) if key(t.name) == wanted), None)

    def _existing(self, cursor: duckdb.DuckDBPyConnection, table: Qualified) -> None:
        if self._find(cursor, table) is None:
            there = [t.name for t in _list(cursor, table.namespace)]
            raise no_table(table.name, table.namespace, there)


def _list(cursor: duckdb.DuckDBPyConnection, namespace: Namespace | None) -> list[TableInfo]:
    found = [TableInfo(*row) for row in cursor.execute(_LISTING).fetchall()]
    found = [t for t in found if key(t.database) not in _OWN]
    if namespace is not None:
        wanted = key(namespace.database), key(namespace.schema)
        found = [t for t in found if (key(t.database), key(t.schema)) == wanted]
    return sorted(found, key=lambda t: (key(t.database), key(t.schema), key(t.name)))


def _register(cursor: duckdb.DuckDBPyConnection, given: Mapping[str, Rows] | None) -> None:
    for name, rows in (given or {}).items():
        cursor.register(name, rows)


def _kind(sql: str) -> str:
    """The kind of the one statement of ``sql``."""
    sql.encode()  # DuckDB takes half of a surrogate pair for a wrong argument
    statements = duckdb.extract_statements(sql)
    if len(statements) != 1:
        raise InvalidValue(
            f"This is {len(statements)} SQL statements; one is run at a time."
            if statements
            else "There is no SQL statement here."
        )
    kind = str(statements[0].type.name)
    if kind != _QUERY and kind not in _STATEMENTS:
        raise InvalidValue(
            f"{kind.replace('_', ' ')} is not allowed here.",
            hint="SQL here queries tables and creates, changes and drops them; "
            "it touches no file, no network and no setting.",
        )
    if (found := _TELLS_PATHS.search(sql)) is not None:
        raise InvalidValue(f"SQL here sees no setting and no file, so there is no {found[0]}.")
    return kind


def _changed(cursor: duckdb.DuckDBPyConnection, sql: str) -> pa.Table | int:
    relation = cursor.sql(sql)
    if relation is None:
        return 0
    rows = relation.to_arrow_table()
    # How DuckDB tells how many rows changed, and that a statement changes none.
    if rows.column_names in (["Count"], ["Success"]):
        return int(sum(v for v in rows.column(0).to_pylist() if v is not None))
    return answer(rows)
