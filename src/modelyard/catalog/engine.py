"""The catalog over SQLAlchemy Core: SQLite here; what differs by database is in this file."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, RootTransaction, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from modelyard.catalog.lost import has_content, lost
from modelyard.catalog.revision import newest, recorded
from modelyard.errors import Internal, InvalidValue, ModelyardError, StorageFull, Unavailable
from modelyard.faults import fault_point

BUSY_TIMEOUT_S = 5.0
BUSY_TRIES = 6
_WRITES = "modelyard_writes"
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def open_catalog(url: str, home: Path | None = None) -> SqlCatalog:
    """The catalog at ``sqlite:///<file>``; the file and its folder are made when missing.

    ``home`` is the folder of the account whose catalog it is.

    Raises:
        InvalidValue: for an address of a database this version has no support for.
        Unavailable: the file is missing or empty, and the home is not.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InvalidValue(f"{url!r} is not the address of a catalog.") from None
    if parsed.get_backend_name() != "sqlite":
        raise InvalidValue(
            f"No catalog for {parsed.get_backend_name()!r} addresses.",
            hint="Use sqlite:///<file>.",
        )
    if not parsed.database or parsed.database == ":memory:":
        raise InvalidValue("A catalog in memory would lose everything; name a file.")
    file = Path(parsed.database)
    used = home if home is not None and has_content(home) else None
    is_there = file.exists()
    if used is not None and not (is_there and file.stat().st_size):
        raise lost(file, used, "empty" if is_there else "missing")
    file.parent.mkdir(parents=True, exist_ok=True)
    if not is_there:
        file.touch(mode=0o600)
    return SqlCatalog(_sqlite_engine(url), file, used)


class SqlCatalog:
    """A :class:`~modelyard.catalog.base.Catalog` over one SQLAlchemy engine."""

    def __init__(self, engine: Engine, file: Path, used: Path | None = None) -> None:
        self._engine = engine
        self._file = file
        self._used = used
        """The home, when it had content before the catalog was looked at."""

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One write transaction, see :class:`~modelyard.catalog.base.Catalog`."""
        with _translated(self._file), self._engine.connect() as connection:
            tx = connection.execution_options(**{_WRITES: True})
            with _take_turn(tx):
                yield tx

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """One read transaction, see :class:`~modelyard.catalog.base.Catalog`."""
        with _translated(self._file), self._engine.connect() as connection:
            yield connection

    def upgrade(self) -> None:
        """Bring the tables to the newest shape, wholly or not at all.

        Raises:
            Unavailable: there are none, and the home has content that belongs to some.
        """
        with self.connect() as tx:
            at = recorded(tx)
        if at == newest():
            return
        if at is None and self._used is not None:
            raise lost(self._file, self._used, "empty")
        from modelyard.catalog import migrations  # nearly nobody needs Alembic

        with self.begin() as tx:
            fault_point("upgrade.begun")
            migrations.upgrade(tx)
            fault_point("upgrade.done")

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(
        url, pool_size=8, max_overflow=56, pool_timeout=30, connect_args={"timeout": BUSY_TIMEOUT_S}
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # this file says BEGIN itself, the driver must not
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()
    for again in range(100, -1, -1):
        try:
            # A new file is switched once; SQLite does not wait here when others are at it too.
            connection.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as e:
            if not again or _sqlite_code(e) not in _BUSY:
                raise
        time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _take_turn(tx: Connection) -> RootTransaction:
    """Begin to write: the driver waits in each try, so the whole wait is bounded."""
    for _ in range(BUSY_TRIES - 1):
        try:
            return tx.begin()
        except DBAPIError as e:
            if _sqlite_code(e.orig) not in _BUSY:
                raise
        time.sleep(random.uniform(0, 0.05))  # noqa: S311 -- spreads writers, guards nothing
    return tx.begin()


@contextmanager
def _translated(file: Path) -> Iterator[None]:
    try:
        yield
    except DBAPIError as e:
        raise _as_ours(e, file) from e
    except PoolTimeout as e:
        raise Unavailable("Every connection to the catalog is in use.") from e


def _as_ours(e: DBAPIError, file: Path) -> ModelyardError:
    """The database's error as one of ours; its own text stays in the log, as the cause."""
    match _sqlite_code(e.orig):
        case sqlite3.SQLITE_FULL:
            return StorageFull(
                "The disk of the catalog is full; nothing was written.",
                hint="Make room there, then try again. What was stored can still be read.",
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Unavailable("The catalog is busy with other writers.", hint="Try again shortly.")
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY:
            return Unavailable("The catalog's disk refuses reading or writing.")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return Unavailable(
                f"The catalog's file {file.name} is damaged, or is no catalog.",
                hint="Restore it from a backup.",
            )
    return Internal("The catalog refused a statement.")


def _sqlite_code(e: BaseException | None) -> int | None:
    """SQLite's primary result code, None for another database's error."""
    code = getattr(e, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF
