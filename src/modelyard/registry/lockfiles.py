"""A version's environment in the forms other tools read: ``renv.lock`` and ``environment.yml``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from modelyard.runtime.environment import BASE, Environment, Package
from modelyard.runtime.manifest import Manifest

DEFAULT_CHANNEL = "conda-forge"

TIDYMODELS = (
    "broom", "dials", "dplyr", "ggplot2", "infer", "modeldata", "parsnip", "purrr", "recipes",
    "rsample", "tibble", "tidyr", "tune", "workflows", "workflowsets", "yardstick",
)  # fmt: skip
"""What ``library(tidymodels)`` attaches; conda builds each of them, and no bundle."""

WRAPPER = ("python", "rpy2", "pandas")
"""What the version's own ``custom_model.py`` is run with."""

_REMOTES = {"github": "GitHub", "gitlab": "GitLab", "bitbucket": "Bitbucket", "git2r": "Git"}
_SPEC = re.compile(r"(?:[A-Za-z0-9_./-]+::)?([A-Za-z0-9_.-]+)(.*)", re.DOTALL)


def renv_lock(manifest: Manifest) -> str:
    """The lock file of renv: R, and every package of the closure that is not R itself."""
    environment = manifest.environment
    packages = {p.name: _locked(p) for p in _packages(environment)}
    lock = {
        "R": {
            "Version": environment.r_version,
            "Repositories": [{"Name": n, "URL": u} for n, u in environment.repositories.items()],
        },
        "Packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
    }
    return json.dumps(lock, indent=2) + "\n"


def _packages(environment: Environment) -> list[Package]:
    if environment.closure:
        return [p for p in environment.closure if p.name not in BASE]
    return [Package(name, version) for name, version in environment.added.items()]


def _locked(package: Package) -> dict[str, Any]:
    requirements = sorted({*package.requires, *package.builds_with} - BASE)
    return {
        "Package": package.name,
        "Version": package.version,
        **_origin(package),
        "Requirements": requirements,
    }


def _origin(package: Package) -> dict[str, str]:
    """Where renv gets it again: its repository, or the remote it was installed from."""
    remote = {k: v for k, v in package.origin.items() if k.startswith("Remote")}
    kind = remote.get("RemoteType", "standard")
    if kind != "standard":
        return {"Source": _REMOTES.get(kind, kind), **remote}
    if "Repository" in package.origin or package.priority == "recommended":
        return {"Source": "Repository", "Repository": package.origin.get("Repository", "CRAN")}
    return {"Source": "unknown"}


def conda_environment(manifest: Manifest) -> str:
    """The environment file of conda: R and the closure's packages, and what the author named.

    ``pin_versions`` (the default) asks for the very versions; an entry of ``conda_deps`` that says
    a version of its own, or names a channel, stands as it is.
    """
    options, environment = manifest.options, manifest.environment
    pinned = options.get("pin_versions", True) is not False
    wanted = _wanted(environment, [*manifest.predict.packages, *environment.roots])
    pins = {"r-base": environment.r_version, **{_conda(n): v for n, v in wanted.items()}}
    lines = {n: f"{n}=={v}" if pinned and v else n for n, v in pins.items()}
    python = options.get("python_version")
    lines |= {n: n for n in WRAPPER} | ({"python": f"python={python}"} if python else {})
    for entry in _expanded(_texts(options.get("conda_deps"))):
        name, rest = _read(entry)
        if rest or "::" in entry or name not in lines:
            lines[name] = entry
    channel = options.get("conda_channel") or DEFAULT_CHANNEL
    strict = ["nodefaults"] if options.get("conda_channel_strict") is True else []
    text = [f"name: modelyard-{environment.digest[:12]}", "channels:"]
    text += [f"  - {json.dumps(c)}" for c in [str(channel), *strict]]
    text += ["dependencies:", *(f"  - {json.dumps(line)}" for line in lines.values())]
    if pip := _texts(options.get("pip_requirements")):
        if "pip" not in lines:
            text.append('  - "pip"')
        text += ["  - pip:", *(f"      - {json.dumps(line)}" for line in pip)]
    return "\n".join(text) + "\n"


def _wanted(environment: Environment, named: Iterable[str]) -> Mapping[str, str]:
    """Versions by name, empty where none is known."""
    wanted = dict(environment.added)
    for name in named:
        for one in TIDYMODELS if name == "tidymodels" else (name,):
            wanted.setdefault(one, "")
    wanted.pop("tidymodels", None)
    return {n: v for n, v in sorted(wanted.items()) if n not in BASE}


def _expanded(entries: Iterable[str]) -> Iterable[str]:
    for entry in entries:
        if _read(entry)[0] == "r-tidymodels":
            yield from (_conda(name) for name in TIDYMODELS)
        else:
            yield entry


def _conda(package: str) -> str:
    return f"r-{package.lower()}"


def _read(entry: str) -> tuple[str, str]:
    """Name and the rest of a conda specification.

    >>> _read("conda-forge::r-ranger>=0.14"), _read("r-ranger")
    (('r-ranger', '>=0.14'), ('r-ranger', ''))
    """
    match = _SPEC.match(entry.strip())
    return (entry, "") if match is None else (match[1].lower(), match[2].strip())


def _texts(given: object) -> list[str]:
    """One text or several, as an author may write them."""
    if isinstance(given, str):
        return [given]
    return [str(g) for g in given] if isinstance(given, list | tuple) else []
