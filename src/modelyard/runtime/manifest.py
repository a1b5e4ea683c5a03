"""What a version is: files by digest, how to predict, its contract, and what was proven at log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from modelyard.errors import InvalidValue
from modelyard.runtime.contents import Contents
from modelyard.runtime.environment import Environment
from modelyard.signature import Signature


@dataclass(frozen=True, slots=True)
class File:
    """One file of a version. ``role`` is what it is, and its path in an export: ``roles.py``.

    ``digest`` is the SHA-256 of its bytes, in hexadecimal.
    """

    role: str
    digest: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class PredictSpec:
    """How to predict: a function's name, packages to attach first, and fixed arguments.

    ``args`` are scalars or flat lists of numbers, texts and booleans, given to R's ``predict()``
    (``{"type": "response"}``); None is R's ``NA``. A function of the author's own travels as the
    file ``body``.
    """

    fn: str = "predict"
    packages: tuple[str, ...] = ()
    args: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> PredictSpec:
        """Read ``{"fn", "packages", "args"}``, each optional.

        Raises:
            InvalidValue: naming the part that is not of its kind.
        """
        fn, packages, args = raw.get("fn", "predict"), raw.get("packages", ()), raw.get("args", {})
        if not isinstance(fn, str) or not fn:
            raise InvalidValue(f"predict_fn is a function's name, not {fn!r}.")
        if isinstance(packages, str):
            packages = [packages]
        if not isinstance(packages, Sequence) or not all(isinstance(p, str) for p in packages):
            raise InvalidValue(f"predict_pkgs are names of packages, not {packages!r}.")
        args = args or {}
        if not isinstance(args, Mapping):
            raise InvalidValue(f"predict_args are named values, not {args!r}.")
        for name, value in args.items():
            flat = value if isinstance(value, list) else [value]
            if value is not None and not all(isinstance(v, str | int | float | bool) for v in flat):
                raise InvalidValue(
                    f"predict_args${name} is neither numbers, texts or logicals nor NA.",
                    hint="Put anything else into a function and give it as predict_body.",
                )
        return cls(fn, tuple(cast(Sequence[str], packages)), dict(args))


@dataclass(frozen=True, slots=True)
class Checks:
    """What the fresh worker found at log time.

    ``verified`` is ``predictions`` (equal, bit for bit, to the author's), ``worker`` (scored, the
    author sent no predictions to compare) or ``load`` (loaded; no sample could be scored).
    Only a row-independent version may have its requests joined or split. ``isolation`` is how well
    that worker was shut in (``full``, ``partial``, ``none``); None: logged before it was recorded.
    """

    verified: str
    row_independent: bool
    deterministic: bool
    sample_origin: str | None = None
    sample_rows: int = 0
    load_s: float = 0.0
    predict_s: float = 0.0
    isolation: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that makes a version what it is; it never changes once logged."""

    files: tuple[File, ...]
    signature: Signature
    predict: PredictSpec
    environment: Environment
    checks: Checks
    model_class: tuple[str, ...] = ()
    task: str = "UNKNOWN"
    kind: str = ""
    """What the model is for, as its class tells: regression, binary, multiclass, forecast,
    survival, cluster, transform; empty where it does not tell."""
    flavour: str = "r"
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the author said for other platforms (conda_deps, target_platforms, ...), kept as is."""
    contents: Contents | None = None
    """What the scanner found in it; None in versions logged before there was one."""

    def file(self, role: str) -> File | None:
        """The file with this role, or None."""
        return next((f for f in self.files if f.role == role), None)

    @property
    def model(self) -> File:
        """The model's own bytes."""
        found = self.file("model")
        if found is None:
            raise InvalidValue("This manifest names no model file.")
        return found

    @property
    def body(self) -> File | None:
        """The file of the author's own predict function, or None."""
        return self.file("body")

    @property
    def needs(self) -> tuple[str, ...]:
        """The packages that were needed when it was logged."""
        return self.environment.roots

    @property
    def authors(self) -> tuple[File, ...]:
        """Files of the author's own: those predict reads, and code it needs."""
        return tuple(f for f in self.files if f.role.startswith(("user/", "code/")))

    @property
    def digest(self) -> str:
        """One text for equal manifests."""
        return _digest(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """As it is stored: plain JSON."""
        raw = {
            "flavour": self.flavour,
            "files": [asdict(f) for f in self.files],
            "signature": self.signature.to_dict(),
            "predict": {**asdict(self.predict), "packages": list(self.predict.packages)},
            "environment": self.environment.to_dict(),
            "checks": asdict(self.checks),
            "model_class": list(self.model_class),
            "task": self.task,
            "kind": self.kind,
            "options": dict(self.options),
        }
        if self.contents is not None:
            raw["contents"] = self.contents.to_dict()
        return raw

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Manifest:
        """The inverse of :meth:`to_dict`."""
        return cls(
            files=tuple(File(**f) for f in raw["files"]),
            signature=Signature.from_dict(raw["signature"]),
            predict=PredictSpec.from_dict(raw["predict"]),
            environment=Environment.from_dict(raw["environment"]),
            checks=Checks(**raw["checks"]),
            model_class=tuple(raw["model_class"]),
            task=raw["task"],
            kind=raw.get("kind", ""),
            flavour=raw["flavour"],
            options=raw["options"],
            contents=Contents.from_dict(found) if (found := raw.get("contents")) else None,
        )


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
