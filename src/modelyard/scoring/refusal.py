"""What an error of a prediction says besides: whose it was, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from modelyard.errors import (
    Invalid,
    MalformedRequest,
    MissingColumn,
    ModelyardError,
    TooLarge,
    UnsupportedMediaType,
)
from modelyard.names import key
from modelyard.registry.types import ModelVersion

Told = TypeVar("Told", bound=ModelyardError)
OF_THE_BODY = (MalformedRequest, TooLarge, UnsupportedMediaType)
"""What is wrong with a request whatever version it asks."""


def named(error: Told, version: ModelVersion) -> Told:
    """The same error, naming ``version``."""
    message = f"{version.model.name} {version.name}: {error.message}"
    return type(error)(message, hint=error.hint, details=error.details)


def explain(error: Invalid, version: ModelVersion, others: Sequence[ModelVersion]) -> Invalid:
    """The same error, naming ``version``, and one of ``others`` that the rows have columns for.

    The rows have every column of ``version`` but those the error names as missing, so a version
    that asks for no more than that would find its columns; the newest such one is named.
    """
    hints = [error.hint] if error.hint else []
    if isinstance(error, MissingColumn):
        missing = {key(d.column) for d in error.details if d.column is not None}
        there = {key(name) for name in version.manifest.signature.input_names} - missing
        for other in sorted(others, key=lambda v: v.ordinal, reverse=True):
            if {key(name) for name in other.manifest.signature.input_names} <= there:
                columns = ", ".join(other.manifest.signature.input_names)
                hints.append(f'Add the column, or use version_name = "{other.name}" ({columns}).')
                break
    told = named(error, version)
    told.hint = " ".join(hints) or None
    return told
