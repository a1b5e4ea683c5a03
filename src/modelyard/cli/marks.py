"""What can be put on a version and changed: metrics, aliases, tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from modelyard.cli.output import Json, done, show_rows
from modelyard.cli.session import ModelName, Ref, number_or_text, session_of

if TYPE_CHECKING:
    from modelyard.client.model import Model
    from modelyard.client.version import ModelVersion

metric = typer.Typer(help="Numbers about a version.", no_args_is_help=True)
alias = typer.Typer(help="Names that move between versions.", no_args_is_help=True)
tag = typer.Typer(help="Texts on a model or a version.", no_args_is_help=True)


@metric.command("set")
def set_metric(ctx: typer.Context, ref: Ref, name: str, value: str, as_json: Json = False) -> None:
    """Set a metric to a number or a text."""
    version = session_of(ctx).version(ref)
    version.set_metric(name, number_or_text(value))
    said = {name: version.get_metric(name)}
    done(f"{name} of {version.version_name} is {said[name]}.", said, as_json=as_json)


@metric.command("list")
def list_metrics(ctx: typer.Context, ref: Ref, as_json: Json = False) -> None:
    """List the metrics of a version."""
    found = session_of(ctx).version(ref).show_metrics()
    rows = [{"metric": k, "value": v} for k, v in found.items()]
    show_rows(rows, ("metric", "value"), as_json=as_json, none="It has no metrics.")


@alias.command("set")
def set_alias(
    ctx: typer.Context, model: ModelName, name: str, version: str, as_json: Json = False
) -> None:
    """Point an alias at a version, in one step."""
    session_of(ctx).model(model).set_alias(name, version)
    done(f"{model}@{name} is {version}.", {"alias": name, "version": version}, as_json=as_json)


@alias.command("unset")
def unset_alias(ctx: typer.Context, model: ModelName, name: str, as_json: Json = False) -> None:
    """Remove an alias."""
    session_of(ctx).model(model).unset_alias(name)
    done(f"{model} has no alias {name} any more.", {"removed": name}, as_json=as_json)


@alias.command("list")
def list_aliases(ctx: typer.Context, model: ModelName, as_json: Json = False) -> None:
    """List the aliases of a model."""
    found = session_of(ctx).model(model).aliases()
    rows = [{"alias": k, "version": v} for k, v in found.items()]
    show_rows(rows, ("alias", "version"), as_json=as_json, none="It has no aliases.")


def _tagged(ctx: typer.Context, ref: str) -> Model | ModelVersion:
    """What a tag is on: the version that is named, else the model."""
    session = session_of(ctx)
    wanted = session.ref(ref)
    return session.version(ref) if wanted.version or wanted.alias else session.model(ref)


@tag.command("set")
def set_tag(ctx: typer.Context, ref: Ref, name: str, value: str, as_json: Json = False) -> None:
    """Set a tag of a model, or of the version that is named."""
    _tagged(ctx, ref).set_tag(name, value)
    done(f"{name} of {ref} is {value}.", {name: value}, as_json=as_json)


@tag.command("unset")
def unset_tag(ctx: typer.Context, ref: Ref, name: str, as_json: Json = False) -> None:
    """Remove a tag."""
    _tagged(ctx, ref).unset_tag(name)
    done(f"{ref} has no tag {name} any more.", {"removed": name}, as_json=as_json)


@tag.command("list")
def list_tags(ctx: typer.Context, ref: Ref, as_json: Json = False) -> None:
    """List the tags of a model, or of the version that is named."""
    found = _tagged(ctx, ref).show_tags()
    rows = [{"tag": k, "value": v} for k, v in found.items()]
    show_rows(rows, ("tag", "value"), as_json=as_json, none="It has no tags.")
