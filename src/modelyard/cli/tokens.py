"""``modelyard token``: who may come in."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from modelyard.cli.output import Json, done, err, out, show_json, show_rows, when
from modelyard.cli.session import session_of

app = typer.Typer(help="Tokens: who may come in.", no_args_is_help=True)

Named = Annotated[str, typer.Argument(metavar="TOKEN", help="Its id or name, see `token list`.")]
Days = Annotated[float | None, typer.Option(help="How long it lives: 30 unless said, up to 90.")]
Names = list[str] | None


@app.command()
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    role: Annotated[
        str, typer.Option(help="admin, deployer, author, reader, auditor or caller.")
    ] = "reader",
    service: Annotated[Names, typer.Option(help="Only for this service.")] = None,
    model: Annotated[Names, typer.Option(help="Only for this model and its services.")] = None,
    of_schema: Annotated[Names, typer.Option("--schema", help="Only for this schema.")] = None,
    of_database: Annotated[
        Names, typer.Option("--database", help="Only for this database.")
    ] = None,
    network: Annotated[
        Names, typer.Option(help="Only from these addresses: 10.0.0.0/8, or one.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Who acts with it; its name if unsaid.")] = None,
    days: Days = None,
    as_json: Json = False,
) -> None:
    """Issue a token; its secret is shown this once. Options that say where may be repeated."""
    named = {"service": service, "model": model, "schema": of_schema, "database": of_database}
    grants = [f"{kind} {one}" for kind, names in named.items() for one in names or ()]
    tokens = session_of(ctx).connection.tokens
    made = tokens.create(name, role, grants, user=user, networks=network or (), days=days)
    _show(made, as_json=as_json)


def _show(made: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(made)
        return
    out.print(made["token"], markup=False)
    err.print(f"Keep it: it is not shown again. It expires {when(made['expires_at'])}.")


@app.command("list")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """List the tokens, without their secrets."""
    found = session_of(ctx).connection.tokens.list()
    who = ("id", "name", "user", "role", "grants", "networks")
    times = ("expires_at", "last_used_at", "revoked_at")
    show_rows(found, (*who, *times), as_json=as_json, none="There are no tokens.")


@app.command()
def rotate(
    ctx: typer.Context,
    token: Named,
    overlap_hours: Annotated[
        float, typer.Option(help="For so long the old secret still works; 0: it ends now.")
    ] = 24.0,
    days: Days = None,
    as_json: Json = False,
) -> None:
    """Make a new secret for a token, shown this once; all else of it stays."""
    tokens = session_of(ctx).connection.tokens
    _show(tokens.rotate(token, overlap_hours=overlap_hours, days=days), as_json=as_json)


@app.command()
def revoke(ctx: typer.Context, token: Named, as_json: Json = False) -> None:
    """End a token, and those it replaced, at once."""
    found = session_of(ctx).connection.tokens.revoke(token)
    done(f"The token {token} is revoked.", found, as_json=as_json)
