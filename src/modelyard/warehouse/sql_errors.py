"""DuckDB's errors as ours: its words, without paths and without its own names for errors."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from modelyard.errors import (
    Conflict,
    Internal,
    InvalidValue,
    ModelyardError,
    NotFound,
    StorageFull,
    TooLarge,
    Unavailable,
)
from modelyard.names import Namespace

_NO_TABLE = re.compile(r"Table with name \"?(?P<name>[^\"\n]+?)\"? does not exist")


def no_table(name: str, namespace: Namespace, there: list[str]) -> NotFound:
    """The error for a table that is not there; ``there`` are those that are."""
    shown = ", ".join(there[:20]) + (", ..." if len(there) > 20 else "")
    has = f"has: {shown}." if there else "has no tables."
    return NotFound(f"There is no table {name} in {namespace}.", hint=f"{namespace} {has}")


def translated(
    e: duckdb.Error, namespace: Namespace, there: list[str], folder: Path
) -> ModelyardError:
    """The error to raise for ``e``, met with ``namespace`` as the default."""
    text = str(e).replace(str(folder), "")
    if isinstance(e, duckdb.PermissionException):
        return InvalidValue(
            "SQL here reads and writes no file and no network address, and loads no extension.",
            hint="Send rows with write_table and fetch them with read_table.",
        )
    if (missing := _NO_TABLE.search(text)) is not None:
        return no_table(missing["name"], namespace, there)
    if "No space left" in text:
        return StorageFull("There is no room left to write to; the tables stay as they were.")
    if isinstance(e, duckdb.OutOfMemoryException):
        return TooLarge("This query needs more memory than the warehouse may use.")
    if isinstance(e, duckdb.TransactionException) and "read-only" in text:
        return InvalidValue(
            "A query changes nothing.",
            hint="Run the INSERT, UPDATE or DELETE as a statement of its own.",
        )
    if isinstance(e, duckdb.TransactionException):
        return Conflict("Another statement changed the same rows.", hint="Try again.")
    if isinstance(e, duckdb.IOException | duckdb.InternalException | duckdb.FatalException):
        return Internal("The warehouse could not do this.")
    return InvalidValue(_sentence(text))


def not_opened(e: duckdb.IOException) -> ModelyardError:
    """The error for a warehouse whose files cannot be opened."""
    text = str(e)
    if "No space left" in text:
        return StorageFull("There is no room left for the warehouse's files.")
    if "lock" in text:
        return Unavailable(
            "The warehouse's files are in use by another process.",
            hint="Only one server can own them: stop the other one.",
        )
    return Internal("The warehouse's files cannot be opened.")


def _sentence(text: str) -> str:
    """DuckDB's first paragraph, without the name of its error class, as one line."""
    first = text.split("\n\n", 1)[0].split("\nDid you mean", 1)[0]
    _, _, rest = first.partition("Error: ")
    return " ".join((rest or first).split())[:1000]
