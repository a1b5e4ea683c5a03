"""Tables of the warehouse: list, query, read, write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from modelyard.cli.output import Json, done, out, rows_of, show_data, show_json, show_rows
from modelyard.cli.session import Rows, TableName, session_of

app = typer.Typer()

Out = Annotated[Path | None, typer.Option("--output", "-o", help="Write the rows here.")]


@app.command()
def tables(ctx: typer.Context, as_json: Json = False) -> None:
    """List the tables of this database and schema."""
    rows = [{"name": name} for name in session_of(ctx).connection.tables()]
    show_rows(rows, ("name",), as_json=as_json, none="There are no tables here.")


@app.command()
def sql(
    ctx: typer.Context,
    statement: Annotated[str, typer.Argument(metavar="STATEMENT", help="One SQL statement.")],
    output: Out = None,
    as_json: Json = False,
) -> None:
    """Run one SQL statement; to a terminal as a table, to a pipe as CSV, or to a file."""
    found = session_of(ctx).connection.sql(statement)
    if isinstance(found, int):
        done(f"{rows_of(found)} changed.", {"rows_affected": found}, as_json=as_json)
    else:
        _show(found, output, as_json)


@app.command("read-table")
def read_table(
    ctx: typer.Context,
    name: TableName,
    limit: Annotated[int | None, typer.Option(min=0, help="At most so many rows.")] = None,
    output: Out = None,
    as_json: Json = False,
) -> None:
    """Show, or write to a file, the rows of a table."""
    _show(session_of(ctx).connection.read_table(name, limit), output, as_json)


@app.command("write-table")
def write_table(
    ctx: typer.Context,
    name: TableName,
    rows: Rows,
    overwrite: Annotated[bool, typer.Option(help="Replace a table of this name.")] = False,
    as_json: Json = False,
) -> None:
    """Store the rows of a file as a table."""
    from modelyard.cli.files import read_rows

    table = read_rows(rows)
    count = session_of(ctx).connection.write_table(name, table, overwrite=overwrite)
    done(f"Wrote {rows_of(count)} to {name}.", {"name": name, "rows": count}, as_json=as_json)


def _show(table: pa.Table, output: Path | None, as_json: bool) -> None:
    from modelyard.cli.files import write_csv_to_stdout, write_rows
    from modelyard.client.rows import like

    if output is not None:
        write_rows(table, output)
        message = f"Wrote {rows_of(table.num_rows)} to {output}."
        done(message, {"rows": table.num_rows, "file": str(output)}, as_json=as_json)
    elif as_json:
        show_json(like(table, "records"))
    elif out.is_terminal:
        show_data(like(table, "records"), table.column_names)
    else:
        write_csv_to_stdout(table)
