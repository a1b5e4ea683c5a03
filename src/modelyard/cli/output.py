"""What a command says: tables for people, JSON for machines, errors on stderr."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from modelyard.errors import Detail, ModelyardError

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]

_SHOWN_DETAILS = 10
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_MISSING = re.compile(r"missing (?:column|[\d,]+ columns) (.*?)(?: \([\d,]+ more problems?\))?\.$")
_MORE = re.compile(r"\(([\d,]+) more problems?\)")


def show_rows(
    rows: Sequence[Mapping[str, Any]], columns: Iterable[str], *, as_json: bool, none: str
) -> None:
    """Things as a table with these columns, or all they hold as JSON; ``none``: said of no rows.

    A column that is empty for every one of them is left out, and times are short.
    """
    if as_json:
        show_json(list(rows))
    elif not rows:
        out.print(escape(none))
    else:
        names = [n for i, n in enumerate(columns) if not i or any(text(r.get(n)) for r in rows)]
        cells = [[when(row.get(name)) for name in names] for row in rows]
        _print_table([name.replace("_", " ") for name in names], cells)


def show_data(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Rows of a user's own, with every column and every value as it is."""
    if not rows:
        out.print("There are no rows.")
        return
    _print_table(columns, [[row.get(name) for name in columns] for row in rows])


def _print_table(names: Iterable[str], cells: Iterable[Sequence[object]]) -> None:
    table = Table()
    for name in names:
        table.add_column(escape(name), overflow="fold")  # wrapped, never cut
    for row in cells:
        table.add_row(*(escape(text(value)) for value in row))
    out.print(table)


def show_list(rows: Sequence[Sequence[object]], columns: Sequence[str]) -> None:
    """A list as narrow as can be: without lines, and only the last columns are wrapped."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for i, name in enumerate(columns):
        table.add_column(name, overflow="fold", no_wrap=i < len(columns) - 2)
    for row in rows:
        table.add_row(*(escape(text(when(value))) for value in row))
    out.print(table)


def show_fields(fields: Mapping[str, Any], *, as_json: bool) -> None:
    """One thing, a field a line, without the empty ones."""
    if as_json:
        show_json(fields)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields.items():
        said = text(when(value))
        if said:
            table.add_row(f"[bold]{escape(name.replace('_', ' '))}[/bold]", escape(said))
    out.print(table)


def show_json(value: object) -> None:
    """Any value as JSON."""
    out.print(json.dumps(value, indent=2, default=str), markup=False)


def done(message: str, result: object, *, as_json: bool) -> None:
    """A change that was made: one sentence, or what it left as JSON."""
    if as_json:
        show_json(result)
    else:
        out.print(escape(message))


def show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """What a user should know of what was done, as ``warnings.showwarning`` is called."""
    err.print(f"[bold yellow]Warning:[/bold yellow] {escape(str(message))}", soft_wrap=True)


def show_error(error: ModelyardError) -> None:
    """What is wrong, where, and what to do: each problem once."""
    err.print(f"[bold red]Error:[/bold red] {escape(error.message)}", soft_wrap=True)
    rest = [d for d in error.details if not _is_said(d, error.message)]
    listed = [_spelled(d) for d in rest[:_SHOWN_DETAILS]]
    for line in listed:
        err.print(f"  {escape(line)}", soft_wrap=True)
    counted = _MORE.search(error.message)
    total = int(counted[1].replace(",", "")) if counted else len(rest)
    if listed and total > len(listed):
        err.print(f"  … and {total - len(listed):,} more", soft_wrap=True)
    if error.hint:
        err.print(f"[bold]Hint:[/bold] {escape(error.hint)}", soft_wrap=True)


def _spelled(detail: Detail) -> str:
    """A problem in the words in which messages name one.

    >>> _spelled(Detail("missing value", "hp", 3))
    'column hp, row 3: missing value'
    """
    where = [f"column {detail.column}"] if detail.column is not None else []
    where += [f"row {detail.row}"] if detail.row is not None else []
    return f"{', '.join(where)}: {detail.reason}" if where else detail.reason


def _is_said(detail: Detail, message: str) -> bool:
    if detail.reason == "missing" and detail.row is None and (found := _MISSING.search(message)):
        return detail.column in found[1].split(", ")
    return _spelled(detail) in message


def rows_of(count: int) -> str:
    """So many rows.

    >>> rows_of(1), rows_of(2000)
    ('1 row', '2,000 rows')
    """
    return counted(count, "row")


def counted(count: int, noun: str) -> str:
    """So many of something.

    >>> counted(1, "model"), counted(0, "model")
    ('1 model', '0 models')
    """
    return f"{count:,} {noun}{'s'[: count != 1]}"


def when(value: object) -> object:
    """A time of the server to the second, in UTC; anything else as it is.

    >>> when("2026-11-23T17:11:00.655689Z")
    '2026-11-23 17:11:00'
    """
    if isinstance(value, str) and _TIME.fullmatch(value):
        return f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return value


def text(value: object) -> str:
    """A value as a cell shows it; of named values, those that are not empty.

    >>> text(["a", "b"]), text({"rmse": 2.5, "note": ""}), text(None)
    ('a, b', 'rmse=2.5', '')
    """
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6g}"
        case list() | tuple():
            return ", ".join(text(v) for v in value)
        case dict():
            named = {k: text(v) for k, v in value.items()}
            return ", ".join(f"{k}={v}" for k, v in named.items() if v)
        case _:
            return str(value)
