"""Golden predictions that cannot be read."""

from __future__ import annotations

import pytest
from tests.registry.fake import log, ref

from modelyard.errors import ModelRejected
from modelyard.registry.golden import rows_of
from modelyard.registry.resolve import resolve


@pytest.mark.parametrize("role", ["golden", "samples"])
def test_bytes_that_are_damaged_are_named(account, role):
    log(account)
    manifest = resolve(account, ref("V1")).manifest
    digest = manifest.file(role).digest
    assert rows_of(account, manifest, role).num_rows == 2
    (account.settings.home / "artifacts" / digest[:2] / digest).write_bytes(b"no Arrow")
    with pytest.raises(ModelRejected, match=f"The {role} of the version.*{digest}"):
        rows_of(account, manifest, role)
