"""A model is looked through in the process that is about to load it, and before R sees it."""

from __future__ import annotations

import gzip
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import run_r
from tests.runtime.r.xdr import call, file_of, promise, strings, vector

from modelyard.errors import ModelRejected
from modelyard.runtime.manifest import File


def manifest_of(workshop, tmp_path: Path, stored: bytes):
    path = tmp_path / "made.rds"
    path.write_bytes(stored)
    kept = workshop.store.put(path)
    one = workshop.manifest("lm(mpg ~ wt, mtcars)", {"wt": "double"})
    return replace(one, files=(File("model", kept.digest, kept.size_bytes),))


def test_what_a_model_holds_is_known_before_it_is_loaded(workshop, pool) -> None:
    manifest = workshop.manifest("lm(mpg ~ wt, mtcars)", {"wt": "double"}, body="function(m, x) 1")
    with pool.fresh(manifest) as worker:
        found = worker.contents
    assert (found.verdict, found.rows[0].path) == ("data", "model$model")
    assert found.stored_bytes == manifest.model.size_bytes
    assert found.body is not None
    assert found.body.verdict == "code"


@pytest.mark.parametrize("wrap", [bytes, vector])
def test_a_hostile_file_is_refused_and_r_never_runs_it(workshop, pool, tmp_path, wrap) -> None:
    marker = tmp_path / "ran"
    bad = promise(call(b"file.create", strings(str(marker).encode())))
    with (
        pytest.raises(ModelRejected, match="CVE-2024-27322"),
        pool.fresh(manifest_of(workshop, tmp_path, file_of(wrap(bad)))),
    ):
        raise AssertionError("it was loaded")
    assert not marker.exists()


def test_nesting_that_would_kill_r_is_one_clear_error(workshop, pool, tmp_path) -> None:
    deep = file_of(b"\0\0\0\x13\0\0\0\x01" * 1_000_000 + b"\0\0\0\xfe")
    with (
        pytest.raises(ModelRejected, match="nested more than 10,000 deep"),
        pool.fresh(manifest_of(workshop, tmp_path, deep)),
    ):
        raise AssertionError("it was loaded")


def test_a_flipped_bit_in_the_store_is_a_clear_error_where_r_would_have_loaded_it(
    workshop, pool, tmp_path
) -> None:
    # Not compressed, and in a number: R itself would read it, and predict something else.
    plain = gzip.decompress(workshop.make_rds("lm(mpg ~ wt, mtcars)").read_bytes())
    manifest = manifest_of(workshop, tmp_path, plain)
    stored = next(workshop.root.rglob(manifest.model.digest))
    stored.chmod(0o644)
    stored.write_bytes(flipped(plain))
    (tmp_path / "flipped.rds").write_bytes(flipped(plain))
    assert run_r(f"cat(class(readRDS('{tmp_path}/flipped.rds')))") == "lm"
    for lend in (pool.fresh(manifest), pool.lend(manifest, wait_s=10.0)):
        with pytest.raises(ModelRejected, match="changed after they were logged"), lend:
            raise AssertionError("it was loaded")


def flipped(plain: bytes) -> bytes:
    coefficient = plain.index(struct.pack(">ii", 0x20E, 2)) + 8
    return plain[:coefficient] + bytes([plain[coefficient] ^ 1]) + plain[coefficient + 1 :]
