"""Artifacts as files: ``ab/abcdef…`` by digest, written beside, made durable, renamed."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from modelyard.artifacts.base import Entry, Readable, Stored
from modelyard.errors import NotFound, StorageFull, Unavailable
from modelyard.faults import fault_point

_DIGEST = re.compile(r"[0-9a-f]{64}")
_UNFINISHED = "unfinished-"
_CHUNK_BYTES = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class FileStore:
    """An :class:`~modelyard.artifacts.base.ArtifactStore` in one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, source: Path | Readable) -> Stored:
        """Keep the bytes, see :class:`~modelyard.artifacts.base.ArtifactStore`."""
        if isinstance(source, Path):
            with source.open("rb") as stream:
                return self._put(stream)
        return self._put(source)

    def open(self, digest: str) -> BinaryIO:
        """The bytes as a file."""
        try:
            return self._place(digest).open("rb")
        except FileNotFoundError:
            raise NotFound(f"No artifact {digest}.", hint="Upload the bytes again.") from None

    def has(self, digest: str) -> bool:
        """Whether they are there."""
        return _DIGEST.fullmatch(digest) is not None and self._place(digest).is_file()

    def delete(self, digest: str) -> bool:
        """Forget them."""
        try:
            self._place(digest).unlink()
        except (FileNotFoundError, NotFound):
            return False
        return True

    def entries(self) -> Iterator[Entry]:
        """Everything that is there; what vanishes meanwhile is left out."""
        for file in self._root.glob("??/*"):
            if not _DIGEST.fullmatch(file.name):
                continue
            with suppress(FileNotFoundError):
                stat = file.stat()
                at = datetime.fromtimestamp(stat.st_mtime, UTC)
                yield Entry(file.name, stat.st_size, at)

    def sweep(self, older_than_s: float) -> int:
        """Delete what unfinished puts left."""
        swept = 0
        for file in self._root.glob(_UNFINISHED + "*"):
            with suppress(FileNotFoundError):
                if time.time() - file.stat().st_mtime >= older_than_s:
                    file.unlink()
                    swept += 1
        return swept

    def _place(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise NotFound(f"{digest[:80]!r} is no digest of an artifact.")
        return self._root / digest[:2] / digest

    def _put(self, stream: Readable) -> Stored:
        beside = self._root / f"{_UNFINISHED}{uuid4().hex}"
        try:
            stored = _copy_durably(stream, beside)
            fault_point("artifact.copied")
            with _translated():
                self._name(beside, self._place(stored.digest))
        finally:
            beside.unlink(missing_ok=True)
        return stored

    def _name(self, beside: Path, target: Path) -> None:
        target.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            os.utime(target)  # kept already: it counts as put now, so it is not collected soon
        except FileNotFoundError:
            beside.replace(target)
        fault_point("artifact.named")
        # Also when another process made it: its name may not have reached the disk yet.
        _sync_folder(target.parent)
        _sync_folder(self._root)


def _copy_durably(stream: Readable, target: Path) -> Stored:
    digest, size = hashlib.sha256(), 0
    with _translated():
        out = os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb", 0)
    with out:
        while chunk := stream.read(_CHUNK_BYTES):
            with _translated():
                _write_all(out, chunk)
            digest.update(chunk)
            size += len(chunk)
        with _translated():
            os.fsync(out.fileno())
    return Stored(digest.hexdigest(), size)


def _write_all(out: RawIOBase, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[out.write(rest) or 0 :]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as e:
        if e.errno in _FULL:
            raise StorageFull(
                "The disk of the artifacts is full; nothing was stored.",
                hint="Make room there, then try again. What was stored can still be read.",
            ) from e
        raise Unavailable("The disk of the artifacts refuses writing.") from e
