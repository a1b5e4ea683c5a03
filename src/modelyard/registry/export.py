"""A version out of the registry, as a folder or a tar archive of it: ours, or another tool's.

Ours, the mode ``model``, comes in again::

    model.json           the manifest, what was kept beside the version, and a digest of it all
    files/<role>         the bytes of each of its files

The modes ``snowflake``, ``mlflow`` and ``vetiver`` are what those tools read.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from modelyard import __version__
from modelyard.access.types import iso
from modelyard.account import Account
from modelyard.errors import AlreadyExists, Internal, InvalidValue
from modelyard.names import ModelRef
from modelyard.registry.golden import rows_of
from modelyard.registry.resolve import resolve
from modelyard.registry.tar import Member, write_tar
from modelyard.registry.types import ModelVersion
from modelyard.runtime.manifest import File
from modelyard.wrapper.mlflow import mlflow
from modelyard.wrapper.package import Entries, Entry, Package
from modelyard.wrapper.snowflake import snowflake
from modelyard.wrapper.vetiver import vetiver

FORMAT = 1
DESCRIPTION = "model.json"
FILES = "files"
MODES = ("model", "snowflake", "mlflow", "vetiver")
_CHUNK = 1 << 20


def check_mode(mode: str) -> str:
    """Return ``mode`` if a version can be exported so.

    Raises:
        InvalidValue: naming the modes there are.
    """
    if mode not in MODES:
        raise InvalidValue(f"export_mode is one of {', '.join(MODES)}, not {mode[:80]!r}.")
    return mode


def export_tar(account: Account, ref: ModelRef, mode: str = "model") -> tuple[str, Iterator[bytes]]:
    """A name for the archive and its bytes, in pieces; the same version gives the same bytes.

    Raises:
        NotFound: when there is no such version.
        InvalidValue: for an unknown mode, or a version that tool would give other numbers of.
        Internal: while it is read, when stored bytes are not what they were.
    """
    version = resolve(account, ref)
    members = _members(account, version, mode)
    suffix = "" if mode == "model" else f"-{mode}"
    return f"{version.model.name}-{version.name}{suffix}.tar", write_tar(members)


def export_folder(account: Account, ref: ModelRef, target: Path, mode: str = "model") -> Path:
    """Write a version into a new folder, wholly or not at all; returns the folder.

    Raises:
        NotFound: when there is no such version.
        AlreadyExists: when ``target`` is there and is not an empty folder.
    """
    version = resolve(account, ref)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise AlreadyExists(f"{target} is there already.", hint="Name a new folder.")
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.parent / f".{target.name}-{uuid4().hex}"
    try:
        for member in _members(account, version, mode):
            file = beside / member.name
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("wb") as out:
                out.writelines(member.chunks())
        beside.replace(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def _members(account: Account, version: ModelVersion, mode: str) -> list[Member]:
    return [
        _member(account, name, entry)
        for name, entry in _entries(account, version, check_mode(mode)).items()
    ]


def _member(account: Account, name: str, entry: Entry) -> Member:
    if isinstance(entry, bytes):
        return Member(name, len(entry), lambda: [entry])
    return Member(name, entry.size_bytes, partial(read_checked, account, entry))


def _entries(account: Account, version: ModelVersion, mode: str) -> Entries:
    if mode == "model":
        text = json.dumps(seal(_description(version)), indent=2, allow_nan=False).encode()
        return {DESCRIPTION: text, **{f"{FILES}/{f.role}": f for f in version.manifest.files}}
    package = Package(
        model=str(version.model),
        version=version.name,
        manifest=version.manifest,
        created_at=iso(version.created_at),
        comment=version.comment,
        samples=rows_of(account, version.manifest, "samples"),
    )
    match mode:
        case "snowflake":
            return snowflake(package)
        case "mlflow":
            return mlflow(package)
        case _:
            return vetiver(package, lambda file: b"".join(read_checked(account, file)))


def _description(version: ModelVersion) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "modelyard": __version__,
        "model": str(version.model),
        "version": version.name,
        "comment": version.comment,
        "metrics": dict(version.metrics),
        "tags": dict(version.tags),
        "created_at": iso(version.created_at),
        "created_by": version.created_by,
        "manifest": version.manifest.to_dict(),
    }


def seal(description: Mapping[str, Any]) -> dict[str, Any]:
    """The description with the digest of all else in it, which shows any damage."""
    rest = {name: value for name, value in description.items() if name != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return {**rest, "digest": hashlib.sha256(text.encode()).hexdigest()}


def read_checked(account: Account, file: File) -> Iterator[bytes]:
    """The bytes of a version's file, in pieces.

    Raises:
        Internal: after the last piece, when they are not what they were.
    """
    digest = hashlib.sha256()
    with account.artifacts.open(file.digest) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            yield chunk
    if digest.hexdigest() != file.digest:
        raise Internal(f"The stored bytes of the {file.role} are not what they were.")
