"""``modelyard``: the registry from a shell."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Annotated

import typer

import modelyard
from modelyard.cli import (
    account,
    environments,
    log,
    marks,
    models,
    predict,
    server,
    services,
    tables,
    tokens,
)
from modelyard.cli.output import err, out, show_error, show_warning
from modelyard.cli.session import Session
from modelyard.errors import ModelyardError

app = typer.Typer(
    help="A governed registry for R models: log, deploy and score them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (models, log, predict, services, tables, account):
    # Commands of the top level, in the order in which the help shows them.
    app.registered_commands += group.app.registered_commands
app.add_typer(server.app, name="server")
app.add_typer(marks.metric, name="metric")
app.add_typer(marks.alias, name="alias")
app.add_typer(marks.tag, name="tag")
app.add_typer(services.service, name="service")
app.add_typer(environments.app, name="environment")
app.add_typer(tokens.app, name="token")


def _version(wanted: bool) -> None:
    if wanted:
        out.print(modelyard.__version__)
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    url: Annotated[
        str | None, typer.Option(help="A server; else MODELYARD_URL, else here.")
    ] = None,
    token: Annotated[str | None, typer.Option(help="Its token; better MODELYARD_TOKEN.")] = None,
    profile: Annotated[str | None, typer.Option(help="A profile of connections.toml.")] = None,
    database: Annotated[str | None, typer.Option(help="Where names are looked up.")] = None,
    schema: Annotated[str | None, typer.Option(help="Where names are looked up.")] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it and end.")
    ] = False,
) -> None:
    """What holds for every command."""
    ctx.obj = Session(url, token, profile, database, schema)


def main() -> None:
    """Run a command; what goes wrong is one message on stderr and exit status 1."""
    warnings.showwarning = show_warning
    try:
        app()
    except ModelyardError as e:
        show_error(e)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("Interrupted.")
        sys.exit(130)
    except BrokenPipeError:
        # The reader of a pipe has had enough; nothing more can be said, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
