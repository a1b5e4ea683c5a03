"""What R was when a version was logged: its version, and the packages predict needs.

A DESCRIPTION's fields are read here, and nowhere else in Python.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

_DEMAND = re.compile(r"([A-Za-z0-9.]+)\s*(?:\(\s*([<>=!]+)\s*([^)\s]+)\s*\))?")
BASE = frozenset(
    {"base", "compiler", "datasets", "graphics", "grDevices", "grid", "methods", "parallel"}
    | {"splines", "stats", "stats4", "tcltk", "tools", "utils"}
)
"""Packages that are R itself."""


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package, as its DESCRIPTION says.

    ``priority`` is base, recommended or empty. ``requires`` are the packages it needs to be
    loaded (Depends and Imports, without R), ``builds_with`` those it is compiled against
    (LinkingTo). ``origin`` has its Repository and Remote... fields as they stand.
    """

    name: str
    version: str
    priority: str = ""
    requires: tuple[str, ...] = ()
    builds_with: tuple[str, ...] = ()
    origin: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def described(cls, fields: Mapping[str, str]) -> Package:
        """From the fields of a DESCRIPTION."""
        needs = demands(fields, "Depends", "Imports")
        return cls(
            name=fields["Package"],
            version=fields["Version"],
            priority=fields.get("Priority", ""),
            requires=tuple(dict.fromkeys(d.name for d in needs if d.name != "R")),
            builds_with=tuple(dict.fromkeys(d.name for d in demands(fields, "LinkingTo"))),
            origin={k: v for k, v in fields.items() if k == "Repository" or k.startswith("Remote")},
        )

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Package:
        """The inverse of ``asdict``."""
        lists = {k: tuple(raw.get(k, ())) for k in ("requires", "builds_with")}
        origin = {str(k): str(v) for k, v in raw.get("origin", {}).items()}
        return cls(
            str(raw["name"]), str(raw["version"]), str(raw["priority"]), **lists, origin=origin
        )


@dataclass(frozen=True, slots=True)
class Environment:
    """What R was at log time: its version, platform and the packages predict loaded.

    ``packages`` are versions by name. ``roots`` are the packages that something of the model's
    asks for by itself; ``closure`` has those with all that they need, and what that is built
    with. Versions logged before these were recorded have neither.
    """

    r_version: str
    platform: str
    packages: Mapping[str, str]
    roots: tuple[str, ...] = ()
    closure: tuple[Package, ...] = ()
    repositories: Mapping[str, str] = field(default_factory=dict)
    """Where the author's session got packages from, by name."""

    @property
    def added(self) -> dict[str, str]:
        """Versions, by name, of the packages that are not R itself."""
        return {n: v for n, v in sorted(self.packages.items()) if n not in BASE}

    @property
    def digest(self) -> str:
        """One text for environments in which the same packages run on the same R."""
        what = [r_series(self.r_version), self.platform, self.added]
        return hashlib.sha256(json.dumps(what, separators=(",", ":")).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "r_version": self.r_version,
            "platform": self.platform,
            "packages": dict(self.packages),
            "roots": list(self.roots),
            "closure": [
                {**asdict(p), "requires": list(p.requires), "builds_with": list(p.builds_with)}
                for p in self.closure
            ],
            "repositories": dict(self.repositories),
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Environment:
        """The inverse of :meth:`to_dict`."""
        if unknown := set(raw) - set(cls.__dataclass_fields__):
            raise TypeError(f"an environment has no {sorted(unknown)}")
        return cls(
            raw["r_version"],
            raw["platform"],
            dict(raw["packages"]),
            tuple(raw.get("roots", ())),
            tuple(Package.from_dict(p) for p in raw.get("closure", ())),
            {str(n): str(url) for n, url in raw.get("repositories", {}).items()},
        )


def r_series(version: str) -> str:
    """The releases of R that share installed packages.

    >>> r_series("4.2.2")
    '4.2'
    """
    return ".".join(version.split(".")[:2])


@dataclass(frozen=True, slots=True)
class Demand:
    """That a package be there, and, when ``op`` is not empty, of which versions."""

    name: str
    op: str = ""
    version: str = ""

    def is_met_by(self, version: str) -> bool:
        """Whether this version of it will do.

        >>> Demand("rlang", ">=", "1.1.0").is_met_by("1.0.6")
        False
        """
        if not self.op:
            return True
        there, wanted = version_key(version), version_key(self.version)
        return {
            ">=": there >= wanted,
            ">": there > wanted,
            "<=": there <= wanted,
            "<": there < wanted,
            "==": there == wanted,
            "=": there == wanted,
            "!=": there != wanted,
        }.get(self.op, True)

    def __str__(self) -> str:
        return f"{self.name} ({self.op} {self.version})" if self.op else self.name


def demands(fields: Mapping[str, str], *names: str) -> list[Demand]:
    """What the named fields of a DESCRIPTION ask for.

    >>> [str(d) for d in demands({"Imports": "rlang (>= 1.0.6), stats"}, "Imports")]
    ['rlang (>= 1.0.6)', 'stats']
    """
    found = []
    for name in names:
        for item in fields.get(name, "").split(","):
            if match := _DEMAND.match(item.strip()):
                found.append(Demand(match[1], match[2] or "", match[3] or ""))
    return found


def version_key(version: str) -> tuple[tuple[int, str], ...]:
    """A version as R compares it: number by number, ``-`` the same as ``.``.

    >>> version_key("1.1-31") < version_key("1.1.35") < version_key("1.01.100")
    True
    """
    numbers = (part.lstrip("0") for part in re.findall("[0-9]+", version))
    return tuple((len(n), n) for n in numbers)  # Python makes no number of 5,000 digits


def differences(
    recorded: Mapping[str, str], there: Mapping[str, str]
) -> Sequence[tuple[str, str, str]]:
    """Packages of another version than was recorded: name, recorded and there, by name."""
    return [
        (name, version, there[name])
        for name, version in sorted(recorded.items())
        if name in there and version_key(there[name]) != version_key(version)
    ]
