"""The author's session, as it says it was, beside the R that the version runs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from modelyard.runtime.environment import Environment, differences

_MOST = 10


def texts(given: object) -> dict[str, str]:
    """The texts, by name, of what a client sent."""
    if not isinstance(given, Mapping):
        return {}
    return {str(k): v for k, v in given.items() if isinstance(v, str)}


def repositories(client: Mapping[str, Any]) -> dict[str, str]:
    """Where the session got its packages from, without names and passwords in the addresses."""
    found = {}
    for name, url in texts(client.get("repositories")).items():
        try:
            parts = urlsplit(url)
            host = parts.netloc.rpartition("@")[2]
        except ValueError:
            continue
        if parts.scheme in ("http", "https", "file"):
            found[name] = urlunsplit((parts.scheme, host, parts.path, "", ""))
    return found


def listed(changed: Sequence[tuple[str, str, str]]) -> list[str]:
    """Packages of another version, name, there and here, in words; the first of many."""
    found = [f"{name} {there}, here {here}" for name, there, here in changed[:_MOST]]
    if len(changed) > _MOST:
        found.append(f"and {len(changed) - _MOST} more packages")
    return found


def session_notes(
    client: Mapping[str, Any], environment: Environment, verified: str
) -> tuple[str, ...]:
    """What differs between the session and the workers: a note, since the predictions decide.

    A session that does not say what it is differs in nothing.
    """
    theirs = client.get("r_version")
    found = []
    if isinstance(theirs, str) and theirs != environment.r_version:
        found.append(f"R {theirs}, here {environment.r_version}")
    session = texts(client.get("packages"))
    recorded = {n: v for n, v in session.items() if n in environment.added}
    changed = differences(recorded, environment.packages)
    found += listed(changed)
    if not found:
        return ()
    proof = (
        "the sample rows give the same predictions, bit for bit"
        if verified == "predictions"
        else "no predictions of the session were there to compare"
    )
    return (f"Your session has {'; '.join(found)}: {proof}.",)
