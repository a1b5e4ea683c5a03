"""``modelyard server``: the local account's server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import typer

from modelyard.cli.output import Json, done, err, out, show_fields
from modelyard.client.launch import find_or_start, stop
from modelyard.errors import ModelyardError
from modelyard.home import ServerInfo, running_server
from modelyard.settings import read_settings

app = typer.Typer(help="The local account's server.", no_args_is_help=True)


@app.command()
def run() -> None:
    """Run the server here until it is stopped (Ctrl-C)."""
    from modelyard.web.server import run_server

    def ready(info: ServerInfo) -> None:
        out.print(f"Modelyard {info.version} listens at {info.url} (pid {info.pid}).")

    run_server(read_settings(), ready)


@app.command()
def start(as_json: Json = False) -> None:
    """Start the server in the background, unless it runs."""
    with err.status("Starting the server…"):
        info = find_or_start(read_settings().home)
    _show(info, as_json)


@app.command("stop")
def stop_server(
    ctx: typer.Context,
    services: bool = typer.Option(
        False, "--services", help="End every service too, until the next start."
    ),
    as_json: Json = False,
) -> None:
    """Stop the server; services go on without it unless told otherwise."""
    home = read_settings().home
    info = running_server(home)
    if info is not None and services:
        from modelyard.client.http import Http, path

        with Http(info.url, info.token) as http:
            http.json("POST", path("shutdown"), body={"services": True})
    with err.status("Stopping the server…"):
        stopped = stop(home) or (info is not None and services)
    message = "The server has stopped." if stopped else "No server was running."
    done(message, {"stopped": stopped}, as_json=as_json)


@app.command()
def status(as_json: Json = False) -> None:
    """Say whether the server runs, and where. Exit status 3: it does not."""
    info = running_server(read_settings().home)
    if info is None:
        done("No server is running.", {"running": False}, as_json=as_json)
        raise typer.Exit(3)
    _show(info, as_json, _isolation(info))


def _isolation(info: ServerInfo) -> dict[str, Any]:
    """How well its workers are shut in, or why that cannot be told."""
    from modelyard.client.http import Http, path

    try:
        with Http(info.url, info.token) as http:
            found = http.json("GET", path("isolation"))
    except ModelyardError as e:
        return {"isolation": None, "isolation_missing": [e.message]}
    return {
        "isolation": found["level"],
        "isolation_missing": found["missing"],
        "isolation_notes": found["notes"],
    }


def _show(info: ServerInfo, as_json: bool, more: Mapping[str, Any] | None = None) -> None:
    shown = {k: v for k, v in asdict(info).items() if k != "token"}
    show_fields({"running": True, **shown, **(more or {})}, as_json=as_json)
