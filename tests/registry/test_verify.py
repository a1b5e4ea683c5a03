"""What the fresh worker of a log finds out, with a real R."""

from __future__ import annotations

import io
from itertools import count
from types import SimpleNamespace

import pyarrow as pa
import pytest
from tests.registry.fake import ANNA, MPG

from modelyard.account import close_account, open_account
from modelyard.registry import probes, verify
from modelyard.registry.log import log_version
from modelyard.registry.types import LogRequest
from modelyard.runtime.arrow import write_arrow
from modelyard.settings import Settings


@pytest.fixture
def account(tmp_path):
    """One whose workers run R."""
    account = open_account(Settings(home=tmp_path))
    yield account
    close_account(account)


def test_columns_are_probed_for_half_of_the_time_there_is(account, make_rds, monkeypatch):
    rows = pa.table({f"x{i}": [1.0, 2.0] for i in range(40)})
    stored = {
        "model": make_rds("1").read_bytes(),
        "body": make_rds("function(model, input) rowSums(input, na.rm = TRUE)").read_bytes(),
        "samples": write_arrow(rows),
    }
    files = {role: account.artifacts.put(io.BytesIO(data)).digest for role, data in stored.items()}
    # A clock that is a second later whenever it is looked at, and 120 s for all of it.
    seconds = count()
    clock = SimpleNamespace(monotonic=lambda: next(seconds))
    for module in (probes, verify):
        monkeypatch.setattr(module, "time", clock)
    logged = log_version(account, ANNA, MPG, LogRequest(files=files))
    nullable = [c.nullable for c in logged.version.manifest.signature.inputs]
    probed = nullable.index(False)
    assert 10 < probed < 40
    assert nullable == [True] * probed + [False] * (40 - probed)
    assert any(n.startswith("Not every column was probed") for n in logged.notes)


FILLS = "function(model, input) { x <- input$x; x[is.na(x)] <- mean(x, na.rm = TRUE); x }"
SKIPS = "function(model, input) input$x * 2"


@pytest.mark.parametrize(("body", "independent"), [(FILLS, False), (SKIPS, True)])
def test_a_value_that_is_filled_from_other_rows_makes_them_depend(
    account, make_rds, body, independent
):
    stored = {
        "model": make_rds("1").read_bytes(),
        "body": make_rds(body).read_bytes(),
        "samples": write_arrow(pa.table({"x": [1.0, 2.0, 5.0, 9.0]})),
    }
    files = {role: account.artifacts.put(io.BytesIO(data)).digest for role, data in stored.items()}
    manifest = log_version(account, ANNA, MPG, LogRequest(files=files)).version.manifest
    assert manifest.signature.inputs[0].nullable
    assert manifest.checks.row_independent == independent


def test_a_column_that_may_be_missing_and_was_not_tried_proves_nothing(account, make_rds):
    stored = {
        "model": make_rds("1").read_bytes(),
        "body": make_rds(
            "function(model, input) { stopifnot(!anyNA(input)); input$x }"
        ).read_bytes(),
        "samples": write_arrow(pa.table({"x": [1.0, 2.0, 5.0, 9.0]})),
    }
    files = {role: account.artifacts.put(io.BytesIO(data)).digest for role, data in stored.items()}
    for nullable, independent in (({"x": True}, False), ({}, True)):
        request = LogRequest(files=files, nullable=nullable)
        manifest = log_version(account, ANNA, MPG, request).version.manifest
        assert manifest.checks.row_independent == independent
