"""What every artifact store promises, as tests: subclass it and give the fixture ``store``.

::

    class TestMine(ArtifactContract):
        @pytest.fixture
        def store(self, tmp_path):
            ...
"""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from modelyard.artifacts.base import ArtifactStore, Stored
from modelyard.errors import NotFound

MISSING = "0" * 64


class _Breaks:
    """A source that fails half-way, as a connection does."""

    def __init__(self) -> None:
        self._left = [b"some", b"thing"]

    def read(self, size: int = -1, /) -> bytes:
        if not self._left:
            raise ConnectionError("gone")
        return self._left.pop()


def _read(store: ArtifactStore, digest: str) -> bytes:
    with store.open(digest) as stream:
        return stream.read()


class ArtifactContract:
    """The promise of :class:`~modelyard.artifacts.base.ArtifactStore`."""

    @pytest.mark.parametrize("data", [b"", b"model", bytes(range(256)) * 20_000])
    def test_what_is_put_comes_back_under_its_digest(
        self, store: ArtifactStore, tmp_path: Path, data: bytes
    ) -> None:
        expected = Stored(hashlib.sha256(data).hexdigest(), len(data))
        (tmp_path / "source").write_bytes(data)
        assert store.put(tmp_path / "source") == expected
        assert store.put(io.BytesIO(data)) == expected
        assert _read(store, expected.digest) == data
        assert [(e.digest, e.size_bytes) for e in store.entries()] == [
            (expected.digest, expected.size_bytes)
        ]

    def test_what_is_open_is_a_real_file(self, store: ArtifactStore) -> None:
        with store.open(store.put(io.BytesIO(b"model")).digest) as stream:
            assert stream.fileno() >= 0 and stream.seek(2) == 2 and stream.read() == b"del"

    def test_a_stream_is_put_from_where_it_stands(self, store: ArtifactStore) -> None:
        source = io.BytesIO(b"skip this")
        source.seek(5)
        assert _read(store, store.put(source).digest) == b"this"

    @pytest.mark.parametrize("digest", [MISSING, "", "../../etc/passwd", "0" * 63, "Z" * 64])
    def test_what_is_not_there_is_not_found(self, store: ArtifactStore, digest: str) -> None:
        assert not store.has(digest) and not store.delete(digest)
        with pytest.raises(NotFound):
            store.open(digest)

    def test_what_is_deleted_is_gone(self, store: ArtifactStore) -> None:
        digest = store.put(io.BytesIO(b"model")).digest
        assert store.has(digest) and store.delete(digest)
        assert not store.has(digest) and not store.delete(digest)
        assert list(store.entries()) == []

    def test_a_source_that_breaks_leaves_nothing(self, store: ArtifactStore) -> None:
        with pytest.raises(ConnectionError):
            store.put(_Breaks())
        assert list(store.entries()) == [] and store.sweep(0) == 0

    def test_putting_again_counts_as_put_now(self, store: ArtifactStore) -> None:
        before = datetime.now(UTC) - timedelta(seconds=1)
        for _ in range(2):
            store.put(io.BytesIO(b"model"))
            [entry] = store.entries()
            assert before < entry.modified_at < datetime.now(UTC) + timedelta(seconds=1)

    def test_many_may_put_the_same_at_once(self, store: ArtifactStore) -> None:
        data = b"model" * 100_000
        with ThreadPoolExecutor(8) as threads:
            stored = list(threads.map(lambda _: store.put(io.BytesIO(data)), range(16)))
        assert len(set(stored)) == 1 and _read(store, stored[0].digest) == data
        assert len(list(store.entries())) == 1 and store.sweep(0) == 0
