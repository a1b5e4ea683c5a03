"""Stored bytes are what was logged, to the bit, or go no further."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

import pytest

from modelyard.errors import ModelRejected
from modelyard.runtime.blob import checked, unpacked

SEED = 7


def is_refused(path: Path, stored: bytes, digest: str) -> bool:
    path.write_bytes(stored)
    with path.open("rb") as file:
        try:
            with checked(os.dup(file.fileno()), digest) as found:
                return bytes(found) != stored
        except ModelRejected as e:
            return "changed after they were logged" in e.message


def flipped(stored: bytes, bit: int) -> bytes:
    one = bytearray(stored)
    one[bit // 8] ^= 1 << bit % 8
    return bytes(one)


def test_the_bytes_that_were_logged_are_given(make_rds, tmp_path) -> None:
    stored = make_rds("lm(mpg ~ wt, mtcars)").read_bytes()
    path = tmp_path / "model"
    path.write_bytes(stored)
    with path.open("rb") as file, checked(os.dup(file.fileno()), digest_of(stored)) as found:
        assert bytes(found) == stored
        whole = b"".join(unpacked(found))
    assert whole.startswith(b"X\n") and len(whole) > len(stored)


def digest_of(stored: bytes) -> str:
    return hashlib.sha256(stored).hexdigest()


def test_every_single_bit_of_a_small_model_is_watched(make_rds, tmp_path) -> None:
    stored = make_rds("kmeans(matrix(c(1, 2, 8, 9)), c(1, 9))").read_bytes()
    digest, path = digest_of(stored), tmp_path / "model"
    missed = [b for b in range(8 * len(stored)) if not is_refused(path, flipped(stored, b), digest)]
    assert missed == []


def test_bits_of_a_large_model_are_watched(make_rds, tmp_path) -> None:
    stored = make_rds("ranger::ranger(mpg ~ ., mtcars, seed = 1)").read_bytes()
    digest, path = digest_of(stored), tmp_path / "model"
    rng = random.Random(SEED)
    bits = {0, 8 * len(stored) - 1, *(rng.randrange(8 * len(stored)) for _ in range(1000))}
    assert [b for b in bits if not is_refused(path, flipped(stored, b), digest)] == []


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"\0", lambda b: b[1:]])
def test_a_shorter_or_longer_file_is_refused(make_rds, tmp_path, change) -> None:
    stored = make_rds("lm(mpg ~ wt, mtcars)").read_bytes()
    assert is_refused(tmp_path / "model", change(stored), digest_of(stored))


def test_an_empty_file_is_refused(tmp_path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"")
    with path.open("rb") as file, pytest.raises(ModelRejected, match="empty"):
        checked(os.dup(file.fileno()), "0" * 64).__enter__()
