"""The seam for bytes: what every artifact store promises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes that are kept: ``digest`` is their SHA-256 in hexadecimal."""

    digest: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Bytes the store holds, and when they were last put (aware, UTC)."""

    digest: str
    size_bytes: int
    modified_at: datetime


class Readable(Protocol):
    """What bytes can be read from: a file, or what has this much of its face."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes; none of them: there are no more."""
        ...


class ArtifactStore(Protocol):
    """Bytes by their digest: all of them or none, and never other ones under the same digest.

    ``testing/artifacts.py`` holds the tests each implementation passes.
    """

    def put(self, source: Path | Readable) -> Stored:
        """Keep the bytes of a file, or of a stream until its end; they survive a power cut.

        Raises:
            StorageFull: when there is no room; nothing of them is left behind.
        """
        ...

    def open(self, digest: str) -> BinaryIO:
        """The bytes as a real file to read. The reader checks the digest, where it matters.

        Raises:
            NotFound: when the store does not hold them.
        """
        ...

    def has(self, digest: str) -> bool:
        """Whether the store holds them."""
        ...

    def delete(self, digest: str) -> bool:
        """Forget them; False when they were not there."""
        ...

    def entries(self) -> Iterator[Entry]:
        """Everything the store holds, in no order."""
        ...

    def sweep(self, older_than_s: float) -> int:
        """Delete what unfinished puts left at least so long ago; how many there were."""
        ...
