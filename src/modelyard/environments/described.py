"""What packages say of themselves: DESCRIPTION files, and a repository's list of them."""

from __future__ import annotations

import re
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from modelyard.errors import InvalidValue
from modelyard.runtime.environment import Package

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.]*[A-Za-z0-9]")
_VERSION = re.compile(r"[0-9]+([.-][0-9]+)*")
_MOST_BYTES = 2**20


def check_package(name: object, version: object = "") -> tuple[str, str]:
    """Return a package's name and version, if they can be such; an empty version is any.

    Raises:
        InvalidValue: for anything else, such as a path.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > 100:
        raise InvalidValue(f"{str(name)[:80]!r} is no name of an R package.")
    if not isinstance(version, str) or (version and not is_version(version)):
        raise InvalidValue(f"{str(version)[:80]!r} is no version of an R package.")
    return name, version


def is_version(text: str) -> bool:
    """Whether this can be the version of a package."""
    return len(text) <= 100 and _VERSION.fullmatch(text) is not None


def records(text: str) -> Iterator[dict[str, str]]:
    """The records of a file of R's (Debian's) control form, each a mapping of its fields.

    >>> list(records("Package: a\\nImports: b,\\n  c\\n\\nPackage: d\\n"))
    [{'Package': 'a', 'Imports': 'b, c'}, {'Package': 'd'}]
    """
    found: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        if not line.strip():
            if found:
                yield found
            found, last = {}, ""
        elif line[0].isspace() and last:
            found[last] = f"{found[last]} {line.strip()}".strip()
        elif ":" in line:
            last, _, value = line.partition(":")
            found[last] = value.strip()
    if found:
        yield found


def installed(libraries: list[Path], name: str) -> Package | None:
    """The package as R would find it in these libraries, or None."""
    for library in libraries:
        try:
            text = (library / name / "DESCRIPTION").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        fields = next(records(text), {})
        if fields.get("Package") == name and fields.get("Version"):
            return Package.described(fields)
    return None


def in_tarball(tarball: Path, name: str) -> dict[str, str] | None:
    """The DESCRIPTION in a package's sources; None when these are damaged, or another's."""
    try:
        with tarfile.open(tarball, "r:gz") as sources:
            for member in sources:
                if member.name == f"{name}/DESCRIPTION" and member.isfile():
                    if member.size > _MOST_BYTES or (file := sources.extractfile(member)) is None:
                        return None
                    fields = next(records(file.read().decode("utf-8", errors="replace")), {})
                    return fields if fields.get("Package") == name else None
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError):
        return None
    return None
