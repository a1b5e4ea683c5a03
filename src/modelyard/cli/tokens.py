"""``modelyard token``: who may come in."""

from __future__ import annotations

from typing import Annotated

import typer

from modelyard.cli.output import Json, done, err, out, show_json, show_rows, when
from modelyard.cli.session import session_of
from modelyard.client.http import path
from modelyard.names import Namespace, Qualified

app = typer.Typer(help="Tokens: who may come in.", no_args_is_help=True)


@app.command()
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    role: Annotated[str, typer.Option(help="owner, admin, reader or caller.")] = "reader",
    service: Annotated[str | None, typer.Option(help="The one service a caller may call.")] = None,
    days: Annotated[float | None, typer.Option(help="How long it lives.")] = None,
    as_json: Json = False,
) -> None:
    """Issue a token; its secret is shown this once."""
    connection = session_of(ctx).connection
    if service is not None:
        here = Namespace(connection.database, connection.schema)
        service = str(Qualified.parse(service, here, "service"))
    body: dict[str, object] = {"name": name, "role": role, "service": service}
    body |= {} if days is None else {"days": days}
    made = connection.http.json("POST", path("tokens"), body=body)
    if as_json:
        show_json(made)
        return
    out.print(made["token"], markup=False)
    err.print(f"Keep it: it is not shown again. It expires {when(made['expires_at']) or 'never'}.")


@app.command("list")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """List the tokens, without their secrets."""
    found = session_of(ctx).connection.http.json("GET", path("tokens"))["tokens"]
    columns = ("id", "name", "role", "service", "created_at", "expires_at", "revoked_at")
    show_rows(found, columns, as_json=as_json, none="There are no tokens.")


@app.command()
def revoke(
    ctx: typer.Context,
    token_id: Annotated[str, typer.Argument(metavar="TOKEN_ID", help="See `token list`.")],
    as_json: Json = False,
) -> None:
    """End a token at once."""
    found = session_of(ctx).connection.http.json("DELETE", path("tokens", token_id))
    done(f"The token {token_id} is revoked.", found, as_json=as_json)
