"""``modelyard predict``: score the rows of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modelyard.cli.output import Json, done, err, out, rows_of, show_data, show_json
from modelyard.cli.session import Ref, Rows, session_of

app = typer.Typer()

_SHOWN_ROWS = 50


@app.command()
def predict(
    ctx: typer.Context,
    ref: Ref,
    rows: Rows,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the answer here.")
    ] = None,
    service: Annotated[str | None, typer.Option(help="Let this service score them.")] = None,
    strict: Annotated[bool, typer.Option(help="Refuse columns the model does not have.")] = False,
    with_input: Annotated[bool, typer.Option(help="The input columns too, first.")] = False,
    as_json: Json = False,
) -> None:
    """Score the rows of a file; to a terminal as a table, to a pipe as CSV, or to a file."""
    from modelyard.cli.files import check_ending, read_rows, write_csv_to_stdout, write_rows
    from modelyard.client.rows import like

    if output is not None:
        check_ending(output)
    version = session_of(ctx).version(ref)
    given = read_rows(rows, version.signature["inputs"])
    with err.status(f"Scoring {rows_of(given.num_rows)}…"):
        table = version.run(given, service_name=service, strict_input_validation=strict)
    if with_input:
        for i, name in enumerate(given.column_names):
            table = table.add_column(i, name, given.column(i))
    if output is not None:
        write_rows(table, output)
        message = f"Scored {rows_of(given.num_rows)} with {version.version_name} into {output}."
        answer = {"rows": table.num_rows, "version": version.version_name, "file": str(output)}
        done(message, answer, as_json=as_json)
    elif as_json:
        show_json(like(table, "records"))
    elif out.is_terminal:
        shown = like(table.slice(0, _SHOWN_ROWS), "records")
        show_data(shown, table.column_names)
        if table.num_rows > _SHOWN_ROWS:
            out.print(f"… and {table.num_rows - _SHOWN_ROWS:,} more; --output writes them all.")
    else:
        write_csv_to_stdout(table)
