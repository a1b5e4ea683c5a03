"""A catalog that is gone while the rest of its account is there: to go on would be to lose that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modelyard.errors import Unavailable


def has_content(home: Path) -> bool:
    """Whether a home has what no account without a catalog can have.

    Look here first and for the catalog then: bytes and services come after the catalog's tables,
    so a catalog that another process makes meanwhile is never taken for a lost one.
    """
    return any(_artifacts(home)) or any(_services(home))


def lost(file: str | Path, home: Path, state: str) -> Unavailable:
    """What to say of a catalog that is missing or empty, with the content of its home."""
    counts = (
        (sum(1 for _ in _artifacts(home)), "artifacts", "file"),
        (sum(1 for _ in _services(home)), "services", "folder"),
    )
    left = [f"{n} {noun}{'s' if n > 1 else ''} in {place}/" for n, place, noun in counts if n]
    return Unavailable(
        f"The catalog {file} is {state}, but this is no new account: its home has "
        f"{' and '.join(left)}.",
        hint="Restore the catalog from a backup. To begin anew, move those folders away first.",
    )


def _artifacts(home: Path) -> Iterator[Path]:
    return (file for file in (home / "artifacts").glob("??/*") if file.is_file())


def _services(home: Path) -> Iterator[Path]:
    return (folder for folder in (home / "services").glob("*") if folder.is_dir())
