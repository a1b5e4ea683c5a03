"""The dialects rows may come in beside our own, by where and as what they came."""

from __future__ import annotations

from modelyard.errors import MalformedRequest, UnsupportedMediaType
from modelyard.json_rows import Dialect
from modelyard.json_rows.mlflow import MlflowCsv, MlflowJson
from modelyard.json_rows.tensors import HEAD_LENGTH, OCTETS, Tensors
from modelyard.scoring.frames import JSON, check_charset

CSV = "text/csv"
MLFLOW_JSON, MLFLOW_CSV, TENSORS = MlflowJson(), MlflowCsv(), Tensors()
BY_CELL = frozenset({JSON, CSV, OCTETS})
"""Forms of bodies whose values become objects one by one, so that less of them is allowed."""


def mlflow_of(content_type: str) -> tuple[str, Dialect]:
    """The form of a body that MLflow's scoring server would take, and how to read it.

    >>> mlflow_of("text/csv; charset=utf-8")[0]
    'text/csv'

    Raises:
        UnsupportedMediaType: for a form it does not take, or text that is not UTF-8.
    """
    form, _, parameters = content_type.partition(";")
    form = form.strip().lower() or JSON
    if form not in (JSON, CSV):
        raise UnsupportedMediaType(
            f"Rows are not read from {form[:80]!r} here.", hint=f"Send {JSON} or {CSV}."
        )
    if parameters:
        check_charset(parameters)
    return form, MLFLOW_JSON if form == JSON else MLFLOW_CSV


def tensors_of(head_length: str | None) -> tuple[str, Dialect]:
    """The form of a body of tensors, and how to read it: by its header
    ``inference-header-content-length``, which it has where bytes follow the JSON.

    Raises:
        MalformedRequest: that is no number.
    """
    if head_length is None:
        return JSON, TENSORS
    if not (head_length.isascii() and head_length.isdigit() and len(head_length) < 20):
        raise MalformedRequest(f"{HEAD_LENGTH} is a number of bytes, not {head_length[:40]!r}.")
    return OCTETS, Tensors(int(head_length))
