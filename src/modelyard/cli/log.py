"""Versions in and out: log, export, import."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn

from modelyard.cli.output import Json, done, err
from modelyard.cli.session import Ref, number_or_text, pairs, session_of

app = typer.Typer()

Many = list[str] | None


@app.command()
def log(
    ctx: typer.Context,
    model: Annotated[Path, typer.Argument(metavar="FILE", help="The .rds file of a fitted model.")],
    name: Annotated[str, typer.Option("--name", "-n", help="The model's name.")],
    version: Annotated[
        str | None, typer.Option(help="The version's name, V1, V2, … if none.")
    ] = None,
    comment: Annotated[str | None, typer.Option(help="A remark on the version.")] = None,
    sample: Annotated[
        Path | None, typer.Option(help="Rows it can score: CSV, Parquet, JSON.")
    ] = None,
    inputs: Annotated[Many, typer.Option("--input", help="name=type, for each column.")] = None,
    outputs: Annotated[Many, typer.Option("--output", help="name=type, for each column.")] = None,
    metric: Annotated[Many, typer.Option(help="name=value; may be repeated.")] = None,
    tag: Annotated[Many, typer.Option(help="name=value; may be repeated.")] = None,
    arg: Annotated[Many, typer.Option(help="name=value, given to R's predict().")] = None,
    predict_fn: Annotated[str, typer.Option(help="The R function that predicts.")] = "predict",
    predict_pkg: Annotated[Many, typer.Option(help="An R package to attach first.")] = None,
    predict_body: Annotated[
        Path | None, typer.Option(help="An .rds of function(model, input).")
    ] = None,
    user_file: Annotated[
        Many, typer.Option(metavar="DIR=PATH", help="A file predict reads, in DIR/.")
    ] = None,
    code: Annotated[
        list[Path] | None, typer.Option(help="R code to source first: a file or a folder.")
    ] = None,
    rows: Annotated[
        str, typer.Option(help="same, or free: answers have rows of their own.")
    ] = "same",
    task: Annotated[str | None, typer.Option(help="Such as TABULAR_REGRESSION.")] = None,
    as_json: Json = False,
) -> None:
    """Log a fitted R model; a fresh R process checks it before it becomes a version."""
    from modelyard.cli.files import read_rows

    registry = session_of(ctx).registry
    samples = None if sample is None else read_rows(sample)
    with _steps("Uploading", "Checking in a fresh R process") as progress:
        made = registry.log_model(
            model,
            model_name=name,
            version_name=version,
            comment=comment,
            metrics={k: number_or_text(v) for k, v in pairs(metric or [], "--metric").items()},
            tags=pairs(tag or [], "--tag"),
            sample_input_data=samples,
            input_cols=pairs(inputs, "--input") if inputs else None,
            output_cols=pairs(outputs, "--output") if outputs else None,
            rows=rows,
            predict_fn=predict_fn,
            predict_pkgs=predict_pkg or (),
            predict_args={k: number_or_text(v) for k, v in pairs(arg or [], "--arg").items()},
            predict_body=predict_body,
            user_files=_by_folder(user_file or []),
            code_paths=code or (),
            task=task,
            progress=progress,
        )
    for note in made.notes:
        err.print(f"Note: {note}", markup=False, soft_wrap=True)
    full = f"{made.fully_qualified_model_name}/{made.version_name}"
    done(f"Logged {full}.", made.to_dict(), as_json=as_json)


def _by_folder(given: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in given:
        folder, equals, path = one.partition("=")
        found.setdefault(folder if equals else "", []).append(path if equals else folder)
    return found


@app.command()
def export(
    ctx: typer.Context,
    ref: Ref,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder.")],
    mode: Annotated[
        str, typer.Option(help="model, to be imported; or snowflake, mlflow, vetiver.")
    ] = "model",
    as_json: Json = False,
) -> None:
    """Write a version into a folder: all it is, to be imported, or what another tool loads."""
    with err.status("Exporting…"):
        version = session_of(ctx).version(ref)
        version.export(folder, export_mode=mode)
    full = f"{version.fully_qualified_model_name}/{version.version_name}"
    done(f"Exported {full} to {folder}.", {"folder": str(folder)}, as_json=as_json)


@app.command("import")
def import_(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="What `modelyard export` wrote.")],
    name: Annotated[str, typer.Option("--name", "-n", help="The model's name here.")],
    version: Annotated[str | None, typer.Option(help="The version's name here.")] = None,
    as_json: Json = False,
) -> None:
    """Log an exported version, here or in another account."""
    with err.status("Importing…"):
        made = session_of(ctx).registry.import_model(folder, model_name=name, version_name=version)
    full = f"{made.fully_qualified_model_name}/{made.version_name}"
    done(f"Imported {full}.", made.to_dict(), as_json=as_json)


@contextmanager
def _steps(first: str, then: str) -> Iterator[Callable[[int, int], None]]:
    """A bar while bytes are sent, and a spinner while the server works on them."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:
        task = bars.add_task(first, total=None)

        def sent(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)
            if done >= total:
                bars.update(task, description=then)

        yield sent
