"""``modelyard environment``: R and the packages a version needs, and libraries made for it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from modelyard.cli.output import Json, done, err, show_fields, show_json, show_rows
from modelyard.cli.session import Ref, session_of
from modelyard.client.http import path
from modelyard.errors import InvalidValue

app = typer.Typer(help="R and the packages a version needs.", no_args_is_help=True)


@app.command()
def show(ctx: typer.Context, ref: Ref, as_json: Json = False) -> None:
    """Show R and the packages of a version, and how they stand where workers run."""
    found = session_of(ctx).version(ref).environment()
    if as_json:
        show_json(found)
        return
    environment, here = found["environment"], found["here"]
    library = here["library"] or {"packages": []}
    show_fields(
        {
            "R": environment["r_version"],
            "R here": here["r_version"],
            "platform": environment["platform"],
            "needs": environment["roots"],
            "missing here": here["missing"],
            "library": [f"{p['name']} {p['version']}" for p in library["packages"]],
        },
        as_json=False,
    )
    changed = {d["package"]: d["here"] for d in here["different"]}
    rows = [
        {
            "package": p["name"],
            "version": p["version"],
            "here": changed.get(p["name"], "-" if p["name"] in here["missing"] else p["version"]),
            "from": p["origin"].get("Repository", p["priority"]),
        }
        for p in environment["closure"]
    ]
    show_rows(rows, ("package", "version", "here", "from"), as_json=False, none="")


@app.command()
def provision(
    ctx: typer.Context,
    ref: Annotated[str | None, typer.Argument(metavar="[REF]", help="A version.")] = None,
    package: Annotated[
        list[str] | None, typer.Option(help="name or name==version; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make the library of packages that a version needs, or one of the packages named."""
    session = session_of(ctx)
    if (ref is None) == (not package):
        raise InvalidValue("Name a version, or packages with --package.")
    with err.status("Installing packages…"):
        if ref is not None:
            found: dict[str, Any] = session.version(ref).provision_environment()
            library = found["here"]["library"]
        else:
            wanted: dict[str, str | None] = {}
            for text in package or []:
                name, _, version = text.partition("==")
                wanted[name] = version or None
            found = session.connection.http.json(
                "POST", path("environments"), body={"packages": wanted}
            )
            library = found["library"]
    made = [f"{p['name']} {p['version']}" for p in library["packages"]] if library else []
    said = f"The library has {', '.join(made)}." if made else "Nothing has to be provided."
    done(said, found, as_json=as_json)
