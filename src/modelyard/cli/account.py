"""The account: its settings, its events, its garbage."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from modelyard.cli.output import (
    Json,
    counted,
    done,
    err,
    out,
    show_json,
    show_list,
    show_rows,
    text,
)
from modelyard.cli.session import session_of
from modelyard.client.http import path

app = typer.Typer()

_DIGEST = re.compile(r"[0-9a-f]{64}")
_SHOWN_DETAIL = 80


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
    connection = session_of(ctx).connection
    params = {"limit": str(limit)}
    found = connection.http.json("GET", path("events"), params=params)["events"]
    if as_json:
        show_json(found)
    elif not found:
        out.print("Nothing has happened yet.")
    else:
        here = f"{connection.database}.{connection.schema}."
        rows = [
            (e["at"], e["actor"], e["kind"], _short(e["subject"], here), _detail(e["detail"], here))
            for e in found
        ]
        show_list(rows, ("time", "who", "what", "subject", "detail"))


def _detail(detail: dict[str, Any], here: str) -> str:
    """What is not empty of an event's detail, digests last, in few words; --json has it all."""
    plain = [k for k, v in detail.items() if not isinstance(v, dict) and not _is_digest(v)]
    order = plain + [k for k in detail if k not in plain]
    told = text(_short({k: detail[k] for k in order}, here))
    return told if len(told) <= _SHOWN_DETAIL else told[: _SHOWN_DETAIL - 1] + "…"


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def _short(value: Any, here: str) -> Any:
    """Digests cut, and names of this database and schema without them.

    >>> _short({"model": "A.B.MPG", "file": "0" * 64, "replaced": False, "tags": {}}, "A.B.")
    {'model': 'MPG', 'file': '000000000000', 'tags': {}}
    """
    match value:
        case dict():
            return {k: _short(v, here) for k, v in value.items() if v is not False}
        case list():
            return [_short(v, here) for v in value]
        case str():
            return value[:12] if _is_digest(value) else value.removeprefix(here)
        case _:
            return value


@app.command()
def gc(
    ctx: typer.Context,
    grace: Annotated[
        float | None, typer.Option(min=0, help="Spare what is younger, in seconds.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Remove stored bytes, and libraries of packages, that no version uses."""
    body = {} if grace is None else {"grace_s": grace}
    with err.status("Collecting…"):
        found = session_of(ctx).connection.http.json("POST", path("gc"), body=body)
    message = f"Removed {counted(found['deleted'], 'file')}, {counted(found['bytes'], 'byte')}."
    done(message, found, as_json=as_json)
