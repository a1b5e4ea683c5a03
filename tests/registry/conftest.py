from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.registry.fake import opened

from modelyard.account import Account

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: killing a process does not test a disk."""
    where = str(MEMORY) if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="modelyard-", dir=where) as folder:
        yield Path(folder)


@pytest.fixture
def account(memory: Path) -> Iterator[Account]:
    with (
        tempfile.TemporaryDirectory(dir=memory) as folder,
        opened(Path(folder) / "home") as account,
    ):
        yield account
