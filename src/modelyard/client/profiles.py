"""Where to connect: arguments, the environment, a profile of ``connections.toml``, or here."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.errors import InvalidValue, NotFound, Unauthenticated


@dataclass(frozen=True, slots=True)
class Target:
    """An address and what goes with it; without a ``url`` it is the local account."""

    url: str | None = None
    token: str | None = None
    database: str | None = None
    schema: str | None = None

    def __repr__(self) -> str:
        return f"Target({self.url!r}, <token>)"


def choose(
    url: str | None, token: str | None, name: str | None, environ: Mapping[str, str], home: Path
) -> Target:
    """The first that is there: ``url``, ``MODELYARD_URL``, the profile, the local account.

    Without a ``name`` the profile is ``default`` of the home's own file, if there is one.

    Raises:
        NotFound: there is no profile ``name``.
        Unauthenticated: an address without a token.
    """
    outside = environ.get("MODELYARD_TOKEN") or None
    if (address := url or environ.get("MODELYARD_URL")) is not None:
        target = Target(address, token or outside)
    else:
        found = _profile(name, _files(environ, home))
        secret = token or found.get("token") or outside
        target = Target(found.get("url"), secret, found.get("database"), found.get("schema"))
    if target.url is not None and not target.token:
        raise Unauthenticated(
            f"There is no token for {target.url}.",
            hint="Give a token (token=, --token), or set MODELYARD_TOKEN.",
        )
    return target


def _files(environ: Mapping[str, str], home: Path) -> list[Path]:
    snowflake = Path(environ.get("SNOWFLAKE_HOME") or "~/.snowflake").expanduser()
    folders = [home, snowflake, Path("~/.config/snowflake").expanduser()]
    return [folder / "connections.toml" for folder in folders]


def _profile(name: str | None, files: list[Path]) -> Mapping[str, str]:
    looked = [f for f in (files if name is not None else files[:1]) if f.is_file()]
    for file in looked:
        profiles = _read(file)
        found = profiles.get(name or "default")
        if isinstance(found, dict):
            return {k: v for k, v in found.items() if isinstance(v, str)}
    if name is not None:
        where = ", ".join(str(f) for f in looked)
        raise NotFound(
            f"There is no profile {name!r} in connections.toml.",
            hint=f"Looked in {where}." if looked else f"There is no {files[0]}.",
        )
    return {}


def _read(file: Path) -> dict[str, Any]:
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise InvalidValue(f"{file} cannot be read: {e}.") from e
    nested = raw.get("connections")  # Snowflake's config.toml puts them one level down
    return {**raw, **nested} if isinstance(nested, dict) else raw
