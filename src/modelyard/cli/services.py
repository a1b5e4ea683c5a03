"""Services: deploy, look after, undeploy."""

from __future__ import annotations

from typing import Annotated

import typer

from modelyard.cli.output import Json, done, err, out, show_fields, show_rows
from modelyard.cli.session import ServiceName, session_of

app = typer.Typer()
service = typer.Typer(help="One service.", no_args_is_help=True)


@app.command()
def deploy(
    ctx: typer.Context,
    ref: Annotated[
        str, typer.Argument(metavar="REF", help="MODEL, MODEL/V2, or MODEL@alias as it is now.")
    ],
    name: Annotated[str, typer.Option("--name", "-n", help="The service's name.")],
    workers: Annotated[int | None, typer.Option(min=1, help="R processes at once.")] = None,
    autocapture: Annotated[
        bool, typer.Option(help="Keep what is asked and answered, for INFERENCE_TABLE in SQL.")
    ] = False,
    force: Annotated[bool, typer.Option(help="Replace a service of this name.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait until it is ready.")] = True,
    timeout: Annotated[float, typer.Option(help="Seconds to wait.")] = 600.0,
    as_json: Json = False,
) -> None:
    """Serve a version at a URL of its own."""
    from modelyard.client.service import create

    session = session_of(ctx)
    wanted = session.ref(ref)
    body = {
        "name": name,
        "database": session.connection.database,
        "schema": session.connection.schema,
        "model": str(wanted.model),
        "version": f"@{wanted.alias}" if wanted.alias else wanted.version,
        "force": force,
        "options": {"num_workers": workers, "autocapture": autocapture},
    }
    with err.status(f"Deploying {wanted}…") as spinner:
        made = create(session.connection, body)
        if wait:
            made.wait(timeout, lambda status: spinner.update(f"{name}: {status}…"))
    found = made.to_dict()
    where = f" at {found['url']}" if found["url"] else ""
    done(f"The service {made.name} is {found['status']}{where}.", found, as_json=as_json)


@app.command()
def services(ctx: typer.Context, as_json: Json = False) -> None:
    """List the services."""
    from modelyard.client.service import services_of

    found = [s.to_dict() for s in services_of(session_of(ctx).connection)]
    columns = ("name", "status", "model", "version", "url", "cause")
    show_rows(found, columns, as_json=as_json, none="There are no services here.")


@app.command()
def undeploy(ctx: typer.Context, name: ServiceName, as_json: Json = False) -> None:
    """End a service."""
    from modelyard.client.service import get_service

    get_service(session_of(ctx).connection, name).delete()
    done(f"The service {name} ends.", {"deleted": name}, as_json=as_json)


@service.command()
def status(ctx: typer.Context, name: ServiceName, as_json: Json = False) -> None:
    """Show how a service is, and how it came to be so."""
    from modelyard.client.service import get_service

    found = get_service(session_of(ctx).connection, name).to_dict()
    history = found.get("history", [])
    shown = found if as_json else {k: v for k, v in found.items() if k != "history"}
    show_fields(shown, as_json=as_json)
    if not as_json:
        show_rows(history, ("at", "status", "cause"), as_json=False, none="")


@service.command()
def logs(
    ctx: typer.Context,
    name: ServiceName,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="The last so many.")] = 100,
) -> None:
    """Show the log of a service."""
    from modelyard.client.service import get_service

    out.print(get_service(session_of(ctx).connection, name).logs(lines), markup=False)
