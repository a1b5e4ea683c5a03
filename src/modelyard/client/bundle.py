"""A version as a folder, and as the tar that travels."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import IO

from modelyard.errors import AlreadyExists, MalformedRequest, NotFound


def unpack(tar: IO[bytes], folder: Path) -> Path:
    """Write the files of a bundle into ``folder``, all of them or none.

    Raises:
        AlreadyExists: the folder has something in it.
        MalformedRequest: a bundle with a member that is no plain file inside it.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise AlreadyExists(
            f"{folder} is there already.", hint="Name a folder that is new or empty."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as beside:
        made = Path(beside) / "bundle"
        made.mkdir()
        with tarfile.open(fileobj=tar, mode="r:*") as bundle:
            for member in bundle:
                _extract(bundle, member, made)
        if folder.exists():
            folder.rmdir()
        made.rename(folder)
    return folder


def _extract(bundle: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    name = PurePosixPath(member.name)
    if member.isdir():
        return
    if not member.isfile() or name.is_absolute() or ".." in name.parts or "\\" in member.name:
        raise MalformedRequest(f"The bundle has {member.name[:80]!r}, which is no plain file.")
    target = folder.joinpath(*name.parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    source = bundle.extractfile(member)
    assert source is not None
    with source, target.open("xb") as out:
        shutil.copyfileobj(source, out)


def pack(folder: Path, tar: IO[bytes]) -> None:
    """Write the files of an exported folder as a tar; a tar is copied as it is.

    Raises:
        NotFound: there is no such folder or file.
    """
    if folder.is_file():
        with folder.open("rb") as source:
            shutil.copyfileobj(source, tar)
        return
    if not folder.is_dir():
        raise NotFound(f"There is no {folder}.")
    # The plainest form there is, without owners and times: only names and bytes matter.
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as bundle:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            member = tarfile.TarInfo(file.relative_to(folder).as_posix())
            member.size = file.stat().st_size
            with file.open("rb") as source:
                bundle.addfile(member, source)
