"""What a model's bytes hold, as the scanner found it without running any of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from modelyard.errors import Detail, ModelRejected


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a model: the R expression that leads to it, and its bytes as serialised."""

    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Captured:
    """An environment that is saved with the model because a formula or function kept it.

    ``largest`` are the largest of its ``bindings`` by name; ``size_bytes`` is without the
    environments around it; ``within`` says what it was made in: ``global``, ``package stats`` or
    another ``environment``.
    """

    path: str
    bindings: int
    largest: tuple[Part, ...]
    size_bytes: int
    within: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows kept inside, a data frame or a matrix: as a rule those it was trained on."""

    path: str
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that runs, or may run, when the model predicts; and where it sits."""

    path: str
    what: str


@dataclass(frozen=True, slots=True)
class Contents:
    """The report. ``verdict`` is ``data``, or ``code`` with the reasons.

    Either runs in the sandbox alike: the verdict informs, it does not protect. ``code`` counts the
    reasons by what they are; ``reasons`` has the first of each. ``pointers`` are external pointers
    that nothing restores. ``r_version`` wrote the file; ``format`` is R's serialisation format.
    """

    verdict: str
    reasons: tuple[Reason, ...]
    code: Mapping[str, int]
    stored_bytes: int
    unpacked_bytes: int
    parts: tuple[Part, ...]
    captured: tuple[Captured, ...]
    rows: tuple[Rows, ...]
    pointers: tuple[Reason, ...]
    namespaces: tuple[str, ...]
    r_version: str
    format: int
    body: Contents | None = None
    """Of the author's own predict function, and of what it closes over."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Contents:
        """The inverse of :meth:`to_dict`."""
        return cls(
            verdict=raw["verdict"],
            reasons=tuple(Reason(**r) for r in raw["reasons"]),
            code=dict(raw["code"]),
            stored_bytes=raw["stored_bytes"],
            unpacked_bytes=raw["unpacked_bytes"],
            parts=tuple(Part(**p) for p in raw["parts"]),
            captured=tuple(
                Captured(**{**c, "largest": tuple(Part(**p) for p in c["largest"])})
                for c in raw["captured"]
            ),
            rows=tuple(Rows(**r) for r in raw["rows"]),
            pointers=tuple(Reason(**p) for p in raw["pointers"]),
            namespaces=tuple(raw["namespaces"]),
            r_version=raw["r_version"],
            format=raw["format"],
            body=None if raw.get("body") is None else cls.from_dict(raw["body"]),
        )


def check_pointers(contents: Contents) -> None:
    """Return if no external pointer is dead once loaded, or an author's function deals with it.

    Raises:
        ModelRejected: naming the first.
    """
    if contents.pointers and contents.body is None:
        first = contents.pointers[0]
        raise ModelRejected(
            f"{first.path} is {first.what}: it points into the memory of the session that made it, "
            "and is dead in every other.",
            hint="Log what the package saves instead (raw bytes, a list) with a predict_body that "
            "restores the model from it.",
            details=[Detail(f"{p.path} is {p.what}") for p in contents.pointers],
        )


def size_text(size_bytes: int) -> str:
    """Bytes for people.

    >>> size_text(999), size_text(65_536), size_text(209_715_200)
    ('999 bytes', '66 kB', '209.7 MB')
    """
    if size_bytes < 1000:
        return f"{size_bytes} bytes"
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1000:.0f} kB"
    return f"{size_bytes / 1_000_000:,.1f} MB"
