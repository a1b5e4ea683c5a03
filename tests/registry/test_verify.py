"""What the fresh worker of a log finds out, with a real R."""

from __future__ import annotations

import io
from itertools import count
from types import SimpleNamespace

import pyarrow as pa
from tests.registry.fake import ANNA, MPG

from modelyard.account import close_account, open_account
from modelyard.registry import verify
from modelyard.registry.log import log_version
from modelyard.registry.types import LogRequest
from modelyard.runtime.arrow import write_arrow
from modelyard.settings import Settings


def test_columns_are_probed_for_half_of_the_time_there_is(tmp_path, make_rds, monkeypatch):
    account = open_account(Settings(home=tmp_path))
    rows = pa.table({f"x{i}": [1.0, 2.0] for i in range(40)})
    stored = {
        "model": make_rds("1").read_bytes(),
        "body": make_rds("function(model, input) rowSums(input, na.rm = TRUE)").read_bytes(),
        "samples": write_arrow(rows),
    }
    files = {role: account.artifacts.put(io.BytesIO(data)).digest for role, data in stored.items()}
    # A clock that is a second later whenever it is looked at, and 120 s for all of it.
    seconds = count()
    monkeypatch.setattr(verify, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    logged = log_version(account, ANNA, MPG, LogRequest(files=files))
    close_account(account)
    nullable = [c.nullable for c in logged.version.manifest.signature.inputs]
    probed = nullable.index(False)
    assert 10 < probed < 40
    assert nullable == [True] * probed + [False] * (40 - probed)
    assert any(n.startswith("Not every column was probed") for n in logged.notes)
