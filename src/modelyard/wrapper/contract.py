"""What ``custom_model.py`` and other tools are told of a version: plain data, no code."""

from __future__ import annotations

from typing import Any

from modelyard.runtime.base import seed_of
from modelyard.runtime.manifest import File, Manifest
from modelyard.signature import Column

REQUEST_ID = "custom_model"
"""A model that draws random numbers does so as in a request of this id, at each call."""

_RDS = ("model", "body")


def place(file: File) -> str | None:
    """The path of a file beside ``custom_model.py``; None: prediction does not need it."""
    if file.role in _RDS:
        return f"{file.role}.rds"
    return file.role if file.role.startswith(("user/", "code/")) else None


def contract(manifest: Manifest) -> dict[str, Any]:
    """Files with their digests, signature, and how to predict."""
    placed = [(f, place(f)) for f in manifest.files]
    return {
        "files": [
            {"role": f.role, "path": path, "sha256": f.digest, "size_bytes": f.size_bytes}
            for f, path in placed
            if path is not None
        ],
        "inputs": [_column(c) for c in manifest.signature.inputs],
        "outputs": [_column(c) for c in manifest.signature.outputs],
        "rows": manifest.signature.rows,
        "predict": {
            "fn": manifest.predict.fn,
            "packages": list(manifest.predict.packages) or None,
            "args": dict(manifest.predict.args),
            "needs": list(manifest.needs) or None,
        },
        "seed": None if manifest.checks.deterministic else seed_of(REQUEST_ID),
        "row_independent": manifest.checks.row_independent,
        "model_class": list(manifest.model_class),
        "r_version": manifest.environment.r_version,
    }


def _column(column: Column) -> dict[str, Any]:
    return {**column.to_dict(), "snowflake": snowflake_type(column)}


def snowflake_type(column: Column) -> str:
    """The type of Snowflake that holds the column's values exactly; ISO 8601 text where none does.

    It has no date in a model's signature, and its TIMESTAMP_NTZ no zone: only times in UTC keep
    their instant in it.
    """
    match column.type:
        case "double":
            return "DOUBLE"
        case "integer":
            return "INT64"
        case "boolean":
            return "BOOL"
        case "timestamp" if column.tz == "UTC":
            return "TIMESTAMP_NTZ"
        case _:
            return "STRING"
