from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.registry.fake import opened

from modelyard.account import Account


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with opened(tmp_path / "home") as account:
        yield account
