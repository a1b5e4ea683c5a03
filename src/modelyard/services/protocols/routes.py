"""The paths of a service: ours, MLflow's, vetiver's, and the Open Inference Protocol's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import modelyard
from modelyard.errors import NotFound
from modelyard.scoring.oip import oip_model, oip_server
from modelyard.services.about import About
from modelyard.services.protocols.page import HEADERS, PAGE

Kind = Literal[
    "predict",
    "mlflow",
    "tensors",
    "describe",
    "openapi",
    "version",
    "metadata",
    "figures",
    "server",
    "model",
    "ready",
]
Response = tuple[int, bytes, Sequence[tuple[bytes, bytes]], bytes]
"""Status, content type, further headers, body."""

READING = ("GET", "HEAD")
_TEXT = b"text/plain; charset=utf-8"
_FIGURES = b"text/plain; version=0.0.4; charset=utf-8"
_JSON = b"application/json"

LIFE: Mapping[str, str] = {
    "/livez": "live",
    "/readyz": "ready",
    "/ping": "status",
    "/health": "status",
    "/v2/health/live": "live",
    "/v2/health/ready": "ready",
}
"""Paths that tell whether the service lives, or is ready, and nothing else."""
DOCS = "/docs"
OPEN = frozenset({*LIFE, DOCS})
"""Paths that need no token: those of life, and a page that is the same for all services."""


@dataclass(frozen=True, slots=True)
class Route:
    """What a path is for; ``model`` and ``version`` are those that it names."""

    kind: Kind
    methods: tuple[str, ...] = READING
    model: str | None = None
    version: str | None = None


ROUTES: Mapping[str, Route] = {
    "/": Route("describe"),
    "/predict": Route("predict", ("POST",)),
    "/invocations": Route("mlflow", ("POST",)),
    "/version": Route("version"),
    "/metadata": Route("metadata"),
    "/metrics": Route("figures"),
    "/openapi.json": Route("openapi"),
    "/v2": Route("server"),
}
"""Every other path but those that name the model."""
OF_MODEL: Mapping[str, tuple[Kind, tuple[str, ...]]] = {
    "": ("model", READING),
    "ready": ("ready", READING),
    "infer": ("tensors", ("POST",)),
}


def find_route(path: str) -> Route:
    """The route of a path.

    Raises:
        NotFound: there is none.
    """
    if (route := ROUTES.get(path) or _of_model(path)) is not None:
        return route
    raise NotFound(f"This service has no {path[:80]!r}.", hint="Rows are scored by POST /predict.")


def _of_model(path: str) -> Route | None:
    """``/v2/models/{model}[/versions/{version}][/ready|/infer]``."""
    if not path.startswith("/v2/models/"):
        return None
    model, *rest = path.removeprefix("/v2/models/").split("/")
    version = None
    if len(rest) > 1 and rest[0] == "versions":
        _, version, *rest = rest
    found = OF_MODEL.get(rest[0] if rest else "")
    if found is None or len(rest) > 1 or rest == [""]:
        return None
    kind, methods = found
    return Route(kind, methods, model, version)


def opened(path: str, is_ready: bool) -> Response:
    """The answer of a path of ``OPEN``."""
    if path == DOCS:
        return 200, b"text/html; charset=utf-8", HEADERS, PAGE
    asked = LIFE[path]
    is_good = is_ready or asked == "live"
    status = 200 if is_good else 503
    if path in ("/livez", "/readyz"):
        return status, _TEXT, (), b"ok" if is_good else b"not ready"
    if asked == "status":
        said: Mapping[str, Any] = {"status": "online" if is_good else "starting"}
    else:
        said = {asked: is_good}
    return as_json(said, status)


def told(kind: Kind, about: About) -> Response:
    """What a path that only tells something answers."""
    said: Mapping[str, Any]
    match kind:
        case "version":
            return 200, _TEXT, (), modelyard.__version__.encode()
        case "metadata":
            said = about.vetiver_metadata()
        case "server":
            said = oip_server()
        case "ready":
            said = {"name": about.version.model.name, "ready": True}
        case _:
            said = oip_model(about.version)
    return as_json(said)


def as_json(said: Mapping[str, Any], status: int = 200) -> Response:
    """An answer in JSON."""
    return status, _JSON, (), json.dumps(said).encode()


def as_figures(text: bytes) -> Response:
    """An answer that Prometheus reads."""
    return 200, _FIGURES, (), text
