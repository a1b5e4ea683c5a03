"""Models and versions: list, describe, choose the default, delete."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import typer

from modelyard.cli.output import Json, done, show_fields, show_json, show_rows
from modelyard.cli.session import ModelName, Ref, Session, session_of
from modelyard.client.http import path
from modelyard.errors import InvalidValue
from modelyard.runtime.contents import size_text

app = typer.Typer()

_SHOWN_PLACES = 5


@app.command()
def models(ctx: typer.Context, as_json: Json = False) -> None:
    """List the models."""
    session = session_of(ctx)
    found = [m.to_dict() for m in session.registry.models()]
    columns = ("name", "default_version", "versions", "aliases", "comment", "owner")
    none = "" if found or as_json else _no_models(session)
    show_rows(found, columns, as_json=as_json, none=none)


def _no_models(session: Session) -> str:
    """That there are none here, and where there are some."""
    here = session.registry.location
    every = session.connection.http.json("GET", path("models"))["models"]
    places = Counter((m["database"], m["schema"]) for m in every)
    elsewhere = [
        f"{database}.{schema} has {count:,}: use --database {database} --schema {schema}"
        for (database, schema), count in places.most_common(_SHOWN_PLACES)
    ]
    return "\n".join([f"There are no models in {here}.", *elsewhere])


@app.command()
def versions(ctx: typer.Context, model: ModelName, as_json: Json = False) -> None:
    """List the versions of a model."""
    found = [v.to_dict() for v in session_of(ctx).model(model).versions()]
    columns = ("version", "is_default", "aliases", "metrics", "services", "comment", "created_at")
    show_rows(found, columns, as_json=as_json, none="It has no versions.")


@app.command()
def describe(ctx: typer.Context, ref: Ref, as_json: Json = False) -> None:
    """Show everything known of a version."""
    found = session_of(ctx).version(ref).to_dict()
    if as_json:
        show_json(found)
        return
    left_out = ("signature", "files", "environment", "checks", "predict", "options", "contents")
    fields = {k: v for k, v in found.items() if k not in left_out}
    environment, checks = found["environment"], found["checks"]
    show_fields(
        {
            **fields,
            "verified": checks.get("verified"),
            "row_independent": checks.get("row_independent"),
            **_contents(found["contents"]),
            "R": environment.get("r_version"),
            "packages": environment.get("packages"),
            **_prediction(found),
        },
        as_json=False,
    )
    for side in ("inputs", "outputs"):
        rows = [{"column": side[:-1], **c} for c in found["signature"][side]]
        show_rows(rows, ("column", "name", "type", "nullable", "levels"), as_json=False, none="")


def _contents(contents: dict[str, Any] | None) -> dict[str, object]:
    """What the scanner found in the model's bytes."""
    if contents is None:
        return {}
    parts = [f"{p['path']} {size_text(p['size_bytes'])}" for p in contents["parts"]]
    captured = [f"{c['path']} {size_text(c['size_bytes'])}" for c in contents["captured"]]
    return {
        "holds": contents["verdict"],
        "size": size_text(contents["unpacked_bytes"]),
        "largest parts": parts,
        "environments": captured,
        "rows kept": [f"{r['path']} {r['rows']:,} x {r['columns']:,}" for r in contents["rows"]],
        "code": [f"{r['path']}: {r['what']}" for r in contents["reasons"]],
        "external pointers": [p["path"] for p in contents["pointers"]],
    }


def _prediction(found: dict[str, Any]) -> dict[str, object]:
    """How it predicts: with a function of the author's own, or a named one and its arguments."""
    spec = found["predict"]
    has_own = any(file["role"] == "body" for file in found["files"])
    called = "a function of its own (predict_body)" if has_own else f"{spec['fn']}()"
    return {
        "predicts with": called,
        "arguments": None if has_own else spec["args"],
        "attaches": spec["packages"],
    }


@app.command()
def default(
    ctx: typer.Context,
    model: ModelName,
    version: Annotated[
        str | None, typer.Argument(metavar="VERSION", help="Make this the default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show, or set, the version that is used when none is named."""
    found = session_of(ctx).model(model)
    if version is not None:
        found.default = version
    name = found.default.version_name
    done(f"The default version of {found.name} is {name}.", {"version": name}, as_json=as_json)


@app.command()
def delete(
    ctx: typer.Context,
    ref: Ref,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete a model, or the version that is named."""
    session = session_of(ctx)
    wanted = session.ref(ref)
    if wanted.alias is not None:
        raise InvalidValue("Name the version itself: an alias may move at any moment.")
    if not yes:
        typer.confirm(f"Delete {wanted} for ever?", abort=True)
    if wanted.version is None:
        session.registry.delete_model(str(wanted.model))
    else:
        session.registry.get_model(str(wanted.model)).delete_version(wanted.version)
    done(f"Deleted {wanted}.", {"deleted": str(wanted)}, as_json=as_json)
