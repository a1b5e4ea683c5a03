"""What the files of a version are called: each has a role, which is its path in an export.

The model's own are model, body, samples and golden. Beside them lie files that are generated when
it is logged (``GENERATED``), and the author's own: ``user/<path>`` and ``code/<path>``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from modelyard.errors import Detail, InvalidName

CORE = ("model", "body", "samples", "golden")
GENERATED = ("renv.lock", "environment.yml", "custom_model.py")
AUTHORS = ("user", "code")

MAX_FILES = 1000
"""A version with more is a data set."""

MAX_ROLE = 94
"""So that ``files/<role>`` fits into the name of a ustar archive's entry."""

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\U0010ffff\\:*?"<>|]')
_RULE = (
    "Its path has plain ASCII names between single slashes, no '.', '..' or \\ : * ? \" < > |, "
    f"and at most {MAX_ROLE - len('user/')} characters."
)


def is_authors(role: str) -> bool:
    """Whether a file is the author's own, kept as it is: it may be empty, and R never reads it."""
    return role.partition("/")[0] in AUTHORS and "/" in role


def check_authors_role(role: object) -> str:
    """Return ``role`` if it is ``user/<path>`` or ``code/<path>``, its path safe anywhere.

    Raises:
        InvalidName: for anything else, such as a path that leads out of its folder.
    """
    if not isinstance(role, str) or not is_authors(role) or not _is_safe(role):
        raise InvalidName(f"{str(role)[:80]!r} cannot name a file of a version.", hint=_RULE)
    return role


def _is_safe(role: str) -> bool:
    if len(role) > MAX_ROLE or _FORBIDDEN.search(role):
        return False
    # Windows drops a dot or a space at the end of a name: two files would become one.
    return all(p == p.strip() and p.rstrip(".") == p and p for p in role.split("/"))


def check_role(role: object) -> str:
    """Return ``role`` if a version may have a file of it.

    Raises:
        InvalidName: for one that is not known, or no safe path.
    """
    if isinstance(role, str) and role in CORE + GENERATED:
        return role
    return check_authors_role(role)


def check_roles(roles: Iterable[str]) -> None:
    """Return if files of these roles can lie side by side in one folder, on any system.

    Raises:
        InvalidName: when two are the same without case, one is another's folder, or they are
            too many.
    """
    folded = [role.lower() for role in roles]
    if len(folded) > MAX_FILES:
        raise InvalidName(f"A version has at most {MAX_FILES:,} files, not {len(folded):,}.")
    twice = [r for r, n in Counter(folded).items() if n > 1]
    there = set(folded)
    inside = [r for r in folded if any(f in there for f in _folders(r))]
    if found := twice + inside:
        raise InvalidName(
            "Two files of a version have the same place: " + ", ".join(found[:10]) + ".",
            hint="Names are compared without case, and a file cannot be a folder as well.",
            details=[Detail(f"the place of {r} is taken") for r in found[:100]],
        )


def _folders(role: str) -> Iterable[str]:
    parts = role.split("/")
    return ("/".join(parts[:i]) for i in range(1, len(parts)))
