"""Reading a log request: every part checked before anything is done."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from modelyard.errors import Detail, InvalidName, InvalidSignature, InvalidValue
from modelyard.names import RESERVED_ALIASES, check_name, key
from modelyard.registry.describe import check_comment
from modelyard.registry.metrics import check_metric
from modelyard.registry.roles import check_authors_role, check_roles, is_authors
from modelyard.registry.tags import check_tag
from modelyard.registry.types import TASKS, LogRequest
from modelyard.runtime.manifest import PredictSpec
from modelyard.signature import Column, Rows, Signature, columns

ROLES = ("model", "body", "samples", "predictions")
"""Of files that are read when a version is logged; ``roles.py`` has those of the author's own."""

ORIGINS = ("sample_input", "training_dataset", "model_frame", "generated")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FIELDS = frozenset(LogRequest.__dataclass_fields__)
_PLACEHOLDER = Column("_", "double")


def read_request(raw: Mapping[str, Any]) -> LogRequest:
    """A log request from JSON; what is null or absent has its default.

    Raises:
        InvalidValue, InvalidName, InvalidSignature: naming the part that is wrong.
    """
    unknown = [n for n in raw if n not in _FIELDS]
    if unknown:
        raise InvalidValue(f"A log request has no {unknown[0]!r}.")
    given = {n: v for n, v in raw.items() if v is not None}
    request = LogRequest(
        files={r: _digest(r, d) for r, d in _mapping(given, "files").items()},
        version_name=given.get("version_name"),
        inputs=columns(given["inputs"]) if "inputs" in given else None,
        outputs=columns(given["outputs"]) if "outputs" in given else None,
        rows=_rows(given.get("rows", "same")),
        nullable=_mapping(given, "nullable"),
        predict=PredictSpec.from_dict(_mapping(given, "predict")),
        sample_origin=_one_of(given, "sample_origin", ORIGINS),
        comment=check_comment(given.get("comment", "")),
        metrics=_mapping(given, "metrics"),
        tags=_mapping(given, "tags"),
        task=_one_of(given, "task", TASKS),
        options=_mapping(given, "options"),
        client=_mapping(given, "client"),
    )
    check_request(request)
    return request


def check_request(request: LogRequest) -> None:
    """Return if the request can be carried out, as far as it alone tells.

    Raises:
        InvalidValue, InvalidName, InvalidSignature: naming the part that is wrong.
    """
    if request.version_name is not None:
        check_version_name(request.version_name)
    for role, digest in request.files.items():
        _digest(role, digest)
    check_roles(request.files)
    if "model" not in request.files:
        raise InvalidValue("A log request names the digest of the model's bytes, files.model.")
    for name, value in request.metrics.items():
        check_metric(name, value)
    for name, text in request.tags.items():
        check_tag(name, text)
    _check_columns(request)


def check_version_name(name: object) -> str:
    """Return ``name`` if a version may have it.

    Raises:
        InvalidName: when it breaks the rule for names, or is a reserved alias.
    """
    checked = check_name(name, "version")
    if key(checked) in RESERVED_ALIASES:
        raise InvalidName(
            f"{checked} is reserved: it always points at the {key(checked)} version.",
            hint="Choose another name, or none: the version gets the next number.",
        )
    return checked


def _check_columns(request: LogRequest) -> None:
    inputs, outputs = request.inputs, request.outputs
    if inputs is not None or outputs is not None:
        other = (_PLACEHOLDER,)
        Signature(
            other if inputs is None else inputs, other if outputs is None else outputs, request.rows
        )
    for name, flag in request.nullable.items():
        if not isinstance(flag, bool):
            raise InvalidValue(f"nullable says TRUE or FALSE of column {name!r}, not {flag!r}.")
        if inputs is not None and name not in {c.name for c in inputs}:
            raise InvalidSignature(
                f"nullable names {name!r}, which is no input column.",
                hint="Inputs are " + ", ".join(c.name for c in inputs[:50]) + ".",
                details=[Detail("no input column", column=name)],
            )


def _digest(role: str, digest: object) -> str:
    if is_authors(role):
        check_authors_role(role)
    elif role not in ROLES:
        raise InvalidValue(
            f"A file's role is one of {', '.join(ROLES)}, not {role[:80]!r}.",
            hint="A file of the author's own is user/<path> or code/<path>.",
        )
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise InvalidValue(f"The {role} file is named by its SHA-256, not by {str(digest)[:80]!r}.")
    return digest


def _mapping(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = given.get(name, {})
    if isinstance(value, Sequence) and not isinstance(value, str) and not value:
        return {}  # R writes an empty named list as []
    if not isinstance(value, Mapping):
        raise InvalidValue(f"{name} are named values, not {str(value)[:80]!r}.")
    return value


def _rows(value: object) -> Rows:
    if value == "same" or value == "free":
        return value
    raise InvalidValue(f"rows is 'same' or 'free', not {value!r}.")


def _one_of(given: Mapping[str, Any], name: str, words: Sequence[str]) -> str | None:
    value = given.get(name)
    if value is not None and value not in words:
        raise InvalidValue(f"{name} is one of {', '.join(words)}, not {str(value)[:80]!r}.")
    return value
