"""The registry's nouns, and what is asked of and found by verification. Values only, no SQL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from modelyard.access.types import iso
from modelyard.names import Qualified, key
from modelyard.runtime.contents import Contents
from modelyard.runtime.environment import Environment
from modelyard.runtime.manifest import Checks, File, Manifest, PredictSpec
from modelyard.signature import Column, Rows, Signature

MetricValue = float | int | str
"""A metric is a finite number or a text."""

TASKS = (
    "TABULAR_REGRESSION",
    "TABULAR_BINARY_CLASSIFICATION",
    "TABULAR_MULTI_CLASSIFICATION",
    "TABULAR_RANKING",
    "UNKNOWN",
)
"""What a model may be said to be for."""


@dataclass(frozen=True, slots=True)
class LogRequest:
    """What an author sends to log a version; the bytes are in the artifact store already.

    ``files`` maps a role (model, body, samples, predictions; user/<path> and code/<path> for the
    author's own) to the SHA-256 of its bytes.
    ``samples`` and ``predictions`` are frames, R-serialised or an Arrow IPC stream.
    ``version_name`` None: the next of V1, V2, … . ``client`` is what the author's R was.
    """

    files: Mapping[str, str]
    version_name: str | None = None
    inputs: tuple[Column, ...] | None = None
    outputs: tuple[Column, ...] | None = None
    rows: Rows = "same"
    nullable: Mapping[str, bool] = field(default_factory=dict)
    predict: PredictSpec = field(default_factory=PredictSpec)
    sample_origin: str | None = None
    comment: str = ""
    metrics: Mapping[str, MetricValue] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    task: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    client: Mapping[str, Any] = field(default_factory=dict)

    def digest(self, model: Qualified) -> str:
        """One text for equal requests to the same model: what an idempotency key stands for."""
        return request_digest("log", model, self.version_name, asdict(self))


def request_digest(verb: str, model: Qualified, version_name: str | None, body: object) -> str:
    """One text for equal requests, names compared without case."""
    name = key(version_name) if version_name else None
    if isinstance(body, dict):
        body = {**body, "version_name": name}
    text = json.dumps([verb, model.key, name, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """What a fresh worker is to load, score and compare.

    ``samples`` are rows to score, ``predictions`` what the author's session gave for them.
    ``nullable`` overrides what probing finds. ``client`` is what the author's session was,
    ``environment`` one whose library of packages is to be used.
    """

    model: File
    body: File | None
    predict: PredictSpec
    inputs: tuple[Column, ...] | None
    outputs: tuple[Column, ...] | None
    rows: Rows
    nullable: Mapping[str, bool]
    samples: pa.Table | None
    predictions: pa.Table | None
    sample_origin: str | None
    task: str | None
    options: Mapping[str, Any]
    authors: tuple[File, ...] = ()
    needs: tuple[str, ...] = ()
    environment: Environment | None = None
    client: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verified:
    """What the fresh worker found: the whole contract, and the rows that prove it.

    ``samples`` and ``golden`` go together: the rows kept, and the predictions they gave.
    """

    signature: Signature
    environment: Environment
    checks: Checks
    samples: pa.Table | None
    golden: pa.Table | None
    model_class: tuple[str, ...]
    task: str
    kind: str
    notes: tuple[str, ...] = ()
    contents: Contents | None = None


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """An immutable version, with what is kept beside it as it stood when it was read."""

    id: int
    model: Qualified
    name: str
    ordinal: int
    manifest: Manifest
    comment: str
    created_at: datetime
    created_by: str
    is_default: bool
    aliases: tuple[str, ...]
    metrics: Mapping[str, MetricValue]
    tags: Mapping[str, str]
    services: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.model}/{self.name}"

    def to_dict(self) -> dict[str, Any]:
        """As it is sent."""
        m = self.manifest.to_dict()
        return {
            "model": self.model.name,
            "database": self.model.namespace.database,
            "schema": self.model.namespace.schema,
            "version": self.name,
            "ordinal": self.ordinal,
            "comment": self.comment,
            "created_at": iso(self.created_at),
            "created_by": self.created_by,
            "aliases": list(self.aliases),
            "is_default": self.is_default,
            "metrics": dict(self.metrics),
            "tags": dict(self.tags),
            "signature": m["signature"],
            "predict": m["predict"],
            "environment": m["environment"],
            "checks": m["checks"],
            "task": m["task"],
            "kind": m["kind"],
            "model_class": m["model_class"],
            "files": m["files"],
            "options": m["options"],
            "contents": m.get("contents"),
            "services": list(self.services),
            "functions": ["PREDICT"],
        }


@dataclass(frozen=True, slots=True)
class LoggedVersion:
    """The version that was logged, or had been by the same request (``replayed``)."""

    version: ModelVersion
    notes: tuple[str, ...] = ()
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """A named line of versions. ``versions`` are names in the order they were logged."""

    id: int
    name: Qualified
    comment: str
    default_version: str | None
    versions: tuple[str, ...]
    aliases: Mapping[str, str]
    tags: Mapping[str, str]
    created_at: datetime
    owner: str

    def to_dict(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "name": self.name.name,
            "database": self.name.namespace.database,
            "schema": self.name.namespace.schema,
            "comment": self.comment,
            "default_version": self.default_version,
            "versions": list(self.versions),
            "aliases": dict(self.aliases),
            "tags": dict(self.tags),
            "created_at": iso(self.created_at),
            "owner": self.owner,
        }


@dataclass(frozen=True, slots=True)
class AliasMove:
    """One move of an alias; ``version`` None: it was unset, ``previous`` None: it was new."""

    alias: str
    version: str | None
    previous: str | None
    at: datetime
    by: str

    def to_dict(self) -> dict[str, Any]:
        """As it is sent."""
        return {**asdict(self), "at": iso(self.at)}


@dataclass(frozen=True, slots=True)
class Metric:
    """One value a metric has had; ``value`` None: it was deleted then."""

    name: str
    value: MetricValue | None
    at: datetime
    by: str

    def to_dict(self) -> dict[str, Any]:
        """As it is sent."""
        return {**asdict(self), "at": iso(self.at)}
