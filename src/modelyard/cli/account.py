"""The account: its settings, its events, its garbage."""

from __future__ import annotations

from typing import Annotated

import typer

from modelyard.cli.output import Json, done, err, show_rows
from modelyard.cli.session import session_of
from modelyard.client.http import path

app = typer.Typer()


@app.command()
def settings(ctx: typer.Context, as_json: Json = False) -> None:
    """Show every setting with its value and its default."""
    found = session_of(ctx).connection.http.json("GET", path("settings"))["settings"]
    rows = [{"setting": name, **value} for name, value in found.items()]
    show_rows(rows, ("setting", "value", "default"), as_json=as_json, none="")


@app.command()
def events(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="The last so many.")] = 50,
    as_json: Json = False,
) -> None:
    """Show what happened, the newest first."""
    http = session_of(ctx).connection.http
    found = http.json("GET", path("events"), params={"limit": str(limit)})["events"]
    columns = ("at", "actor", "kind", "subject", "detail")
    show_rows(found, columns, as_json=as_json, none="Nothing has happened yet.")


@app.command()
def gc(
    ctx: typer.Context,
    grace: Annotated[
        float | None, typer.Option(min=0, help="Spare what is younger, in seconds.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Remove stored bytes that no version uses."""
    body = {} if grace is None else {"grace_s": grace}
    with err.status("Collecting…"):
        found = session_of(ctx).connection.http.json("POST", path("gc"), body=body)
    message = f"Removed {found['deleted']:,} files, {found['bytes']:,} bytes."
    done(message, found, as_json=as_json)
