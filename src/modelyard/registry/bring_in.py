"""An exported version into the registry again: under the next name, or the one asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelyard.access import Actor
from modelyard.account import Account
from modelyard.artifacts.base import Readable, Stored
from modelyard.errors import Invalid, InvalidName, MalformedRequest, NotFound, TooLarge
from modelyard.names import Qualified
from modelyard.registry.add import Draft, add_version, check_key
from modelyard.registry.describe import check_comment
from modelyard.registry.export import DESCRIPTION, FILES, FORMAT, seal
from modelyard.registry.metrics import check_metric
from modelyard.registry.provide import provided, replay_provided
from modelyard.registry.request import check_version_name
from modelyard.registry.roles import MAX_FILES, check_role, check_roles
from modelyard.registry.tags import check_tag
from modelyard.registry.tar import read_tar
from modelyard.registry.types import LoggedVersion, request_digest
from modelyard.runtime.manifest import Manifest

_MAX_DESCRIPTION = 64 * 2**20
_MAX_MEMBERS = 3 * MAX_FILES
"""Folders have entries of their own."""

_DAMAGED = "It was damaged or changed. Export the version again."

Found = Iterator[tuple[str, Readable]]


def import_tar(
    account: Account,
    actor: Actor,
    model: Qualified,
    archive: Readable,
    *,
    version_name: str | None = None,
    idempotency_key: str | None = None,
) -> LoggedVersion:
    """Make a version of an archive that ``export_tar`` wrote; every digest is checked.

    The manifest is kept as it is, once the golden predictions replay here bit for bit; what the
    model's bytes hold is found anew, whatever the archive says of it.

    Raises:
        MalformedRequest: for what is no such archive, or whose bytes are not what it says.
        TooLarge: for more bytes than ``max_body_bytes``.
        AlreadyExists: when the name asked for is taken.
        ModelFault: the model does not load here, or predicts other numbers.
    """
    limit = account.settings.max_body_bytes
    found = read_tar(archive, max_members=_MAX_MEMBERS, max_bytes=limit)
    return _import(account, actor, model, found, version_name, idempotency_key)


def import_folder(
    account: Account,
    actor: Actor,
    model: Qualified,
    folder: Path,
    *,
    version_name: str | None = None,
    idempotency_key: str | None = None,
) -> LoggedVersion:
    """Make a version of a folder that ``export_folder`` wrote, as ``import_tar`` does.

    Raises:
        NotFound: when the folder has no model.json.
    """
    if not (folder / DESCRIPTION).is_file():
        raise NotFound(f"{folder} holds no {DESCRIPTION}, so it is no exported version.")
    return _import(account, actor, model, _files_of(folder), version_name, idempotency_key)


def _files_of(folder: Path) -> Found:
    for file in (folder / DESCRIPTION, *sorted((folder / FILES).rglob("*"))):
        name = file.relative_to(folder).as_posix()
        if file.is_symlink():
            raise MalformedRequest(f"{name[:80]!r} is a link, which no export has.")
        if file.is_file():
            with file.open("rb") as stream:
                yield name, stream


def _import(
    account: Account,
    actor: Actor,
    model: Qualified,
    found: Found,
    version_name: str | None,
    idempotency_key: str | None,
) -> LoggedVersion:
    check_key(idempotency_key)
    if version_name is not None:
        check_version_name(version_name)
    text: bytes | None = None
    stored: dict[str, Stored] = {}
    for name, stream in found:
        role = _role_of(name)
        if name == DESCRIPTION and text is None:
            text = _read_description(stream)
        elif role is not None and role not in stored:
            stored[role] = account.artifacts.put(stream)
        else:
            raise MalformedRequest(
                f"An exported version has no file {name[:80]!r}, or only one.",
                hint="Only what was exported in the mode model can be imported, as it was.",
            )
    if text is None:
        raise MalformedRequest(f"The archive has no {DESCRIPTION}.")
    draft = _draft(text, model, version_name)
    _check_files(draft.manifest, stored)
    manifest = draft.manifest
    how = {"policy": "always", "advice": 'provision = "always" in settings.toml'}
    # Looked through before any R but that worker's reads it.
    contents = provided(
        account, manifest.environment, lambda: account.workers.scan(manifest), **how
    )
    _, notes = replay_provided(account, manifest, "The imported version", **how)
    kept = replace(manifest, contents=contents)
    draft = replace(draft, manifest=kept, notes=(*draft.notes, *notes))
    return add_version(account, actor, model, draft, idempotency_key)


def _role_of(name: str) -> str | None:
    """The role of the file with this name in an export; None when no version has such a file."""
    folder, slash, role = name.partition("/")
    if folder != FILES or not slash:
        return None
    try:
        return check_role(role)
    except InvalidName:
        return None


def _read_description(stream: Readable) -> bytes:
    text = bytearray()
    while chunk := stream.read(1 << 20):
        text += chunk
        if len(text) > _MAX_DESCRIPTION:
            raise TooLarge(f"{DESCRIPTION} has more than {_MAX_DESCRIPTION:,} bytes.")
    return bytes(text)


def _draft(text: bytes, model: Qualified, version_name: str | None) -> Draft:
    try:
        raw = json.loads(text)
        if raw["format"] != FORMAT:
            raise MalformedRequest(
                f"{DESCRIPTION} has the format {raw['format']!r}; this Modelyard reads {FORMAT}."
            )
        if seal(raw)["digest"] != raw["digest"]:
            raise MalformedRequest(f"{DESCRIPTION} is not as it was written.", hint=_DAMAGED)
        manifest = _manifest(raw["manifest"])
        draft = Draft(
            manifest=manifest,
            request=request_digest("import", model, version_name, {"manifest": manifest.digest}),
            version_name=version_name,
            comment=check_comment(raw["comment"]),
            metrics={n: check_metric(n, v) for n, v in raw["metrics"].items()},
            tags={n: check_tag(n, v) for n, v in raw["tags"].items()},
            kind="VersionImported",
            detail={"model": str(raw["model"]), "version": str(raw["version"])},
        )
    except MalformedRequest:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, Invalid) as e:
        raise MalformedRequest(f"{DESCRIPTION} does not describe a version.") from e
    return draft


def _manifest(raw: Mapping[str, Any]) -> Manifest:
    """A manifest of which every part is of its kind."""
    manifest = Manifest.from_dict(raw)
    checks, environment = manifest.checks, manifest.environment
    texts = [manifest.flavour, manifest.task, checks.verified, *manifest.model_class]
    texts += [environment.r_version, environment.platform, *environment.packages.values()]
    check_roles(f.role for f in manifest.files)
    flags = [checks.row_independent, checks.deterministic]
    numbers = [checks.sample_rows, checks.load_s, checks.predict_s]
    if (
        not all(isinstance(t, str) for t in texts)
        or not all(isinstance(f, bool) for f in flags)
        or not all(isinstance(n, int | float) for n in numbers)
        or not isinstance(manifest.options, dict)
    ):
        raise TypeError("a part of the manifest is not of its kind")
    return manifest


def _check_files(manifest: Manifest, stored: Mapping[str, Stored]) -> None:
    if {f.role for f in manifest.files} != set(stored) or "model" not in stored:
        raise MalformedRequest(f"The files there are not those {DESCRIPTION} names.")
    for file in manifest.files:
        if stored[file.role] != Stored(file.digest, file.size_bytes):
            raise MalformedRequest(
                f"The bytes of the {file.role} are not those that were exported.",
                hint=_DAMAGED,
            )
