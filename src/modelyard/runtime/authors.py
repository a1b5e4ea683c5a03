"""Files of the author's own, written into a worker's folder before the model is loaded.

They lie there under their roles, read-only: ``user/<path>`` for predict to read, ``code/<path>`` of
which the R files are sourced in the order of their names.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from modelyard.errors import ModelRejected

_PIECE = 1 << 20


def folder() -> Path:
    """Where this process has them."""
    return Path(tempfile.gettempdir()) / "version"


def write(fd: int, role: str, digest: str) -> None:
    """Write the bytes of an open file to their place, and close it.

    Raises:
        ModelRejected: when they were changed since they were logged.
    """
    target = folder() / _safe(role)
    target.parent.mkdir(parents=True, exist_ok=True)
    found = hashlib.sha256()
    # Read-only from the start: a worker may not change a file's mode.
    made = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR)
    with os.fdopen(fd, "rb") as source, os.fdopen(made, "wb") as out:
        while piece := source.read(_PIECE):
            found.update(piece)
            out.write(piece)
    if found.hexdigest() != digest:
        target.unlink()
        raise ModelRejected(
            f"The stored bytes of {role} were changed after they were logged, and are not loaded."
        )


def _safe(role: str) -> PurePosixPath:
    path = PurePosixPath(role)
    if path.is_absolute() or ".." in path.parts or path.parts[0] not in ("user", "code"):
        raise ModelRejected(f"{role[:80]!r} is no place for a file of the author's.")
    return path


def for_r() -> dict[str, Any]:
    """What R is told of them: the folders that are there, and the R files to source."""
    user, code = folder() / "user", folder() / "code"
    return {
        "user_files": str(user) if user.is_dir() else None,
        "code_paths": str(code) if code.is_dir() else None,
        "code": sources(code) or None,
    }


def sources(code: Path) -> list[str]:
    """The R files of a folder, by their names."""
    found = (p for p in code.rglob("*") if p.is_file() and p.suffix.lower() == ".r")
    return [str(p) for p in sorted(found, key=lambda p: p.as_posix())]
