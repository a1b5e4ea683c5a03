"""What a command says: tables for people, JSON for machines, errors on stderr."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from modelyard.errors import ModelyardError

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]

_SHOWN_DETAILS = 10


def show_rows(
    rows: Sequence[Mapping[str, Any]], columns: Iterable[str], *, as_json: bool, none: str
) -> None:
    """Rows as a table with these columns, or all they hold as JSON; ``none``: said of no rows."""
    if as_json:
        show_json(list(rows))
        return
    if not rows:
        out.print(none)
        return
    names = list(columns)
    table = Table()
    for name in names:
        table.add_column(name.replace("_", " "), overflow="fold")  # wrapped, never cut
    for row in rows:
        table.add_row(*(escape(text(row.get(name))) for name in names))
    out.print(table)


def show_fields(fields: Mapping[str, Any], *, as_json: bool) -> None:
    """One thing, a field a line."""
    if as_json:
        show_json(fields)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in fields.items():
        table.add_row(f"[bold]{escape(name.replace('_', ' '))}[/bold]", escape(text(value)))
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


def show_error(error: ModelyardError) -> None:
    """What is wrong, where, and what to do."""
    err.print(f"[bold red]Error:[/bold red] {escape(error.message)}", soft_wrap=True)
    for detail in error.details[:_SHOWN_DETAILS]:
        where = [f"column {detail.column!r}"] if detail.column is not None else []
        where += [f"row {detail.row}"] if detail.row is not None else []
        if where:
            err.print(f"  {escape(', '.join(where))}: {escape(detail.reason)}", soft_wrap=True)
    if error.hint:
        err.print(f"[bold]Hint:[/bold] {escape(error.hint)}", soft_wrap=True)


def text(value: object) -> str:
    """A value as a cell shows it.

    >>> text(["a", "b"]), text({"rmse": 2.5}), text(None)
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
            return ", ".join(f"{k}={text(v)}" for k, v in value.items())
        case _:
            return str(value)
