"""A registry whose disk fills up: what was acknowledged stays, and room makes it work again."""

from __future__ import annotations

import subprocess

import pytest
from sqlalchemy import text
from tests.registry.fake import ANNA, MPG, log, opened, problems, ref

from modelyard.errors import StorageFull
from modelyard.registry.aliases import set_alias
from modelyard.registry.describe import list_versions
from modelyard.registry.metrics import set_metric
from modelyard.registry.resolve import resolve


@pytest.fixture
def disk(tmp_path):
    """Two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up_loses_no_version(disk):
    with opened(disk / "home") as account:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(800_000))
        told = []
        with pytest.raises(StorageFull):
            for i in range(1000):
                data = b"%d" % i * 3000
                told.append(log(account, data=data, comment="c" * 2000).version.name)
        assert len(told) > 3
        assert [v.name for v in list_versions(account, MPG)] == told
        assert problems(account) == []
        assert resolve(account, ref("LAST")).name == told[-1]
        ballast.unlink()
        assert log(account, data=b"after").version.ordinal == len(told) + 1
        set_alias(account, ANNA, ref(told[0]), "production")
        assert problems(account) == []


def test_a_full_catalog_takes_no_half_version(account):
    log(account)
    with account.catalog.begin() as tx:
        pages = tx.scalar(text("PRAGMA page_count"))

    def limit(most):
        with account.catalog.begin() as tx:
            tx.execute(text(f"PRAGMA max_page_count = {most}"))

    limit(pages + 1)
    with pytest.raises(StorageFull):
        log(account, comment="c" * 60_000)
    with pytest.raises(StorageFull):
        for i in range(10_000):
            set_metric(account, ANNA, ref("V1"), f"m{i}", "x" * 1000)
    assert [v.name for v in list_versions(account, MPG)] == ["V1"]
    assert problems(account) == []
    limit(1_000_000)
    assert log(account).version.name == "V2"
