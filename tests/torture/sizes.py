"""How much of a torture is done: a little with every run of the tests, all by ``make torture``."""

from __future__ import annotations

import os

import pytest

SHARE = float(os.environ.get("MODELYARD_TORTURE_SHARE", "1"))
"""``MODELYARD_TORTURE_SHARE=0.1`` makes ``make torture`` a tenth of itself."""

in_two_sizes = pytest.mark.parametrize(
    "share",
    [
        pytest.param(0.003, id="small"),
        pytest.param(SHARE, id="full", marks=[pytest.mark.torture, pytest.mark.timeout(7200)]),
    ],
)


def count(all_of: int, share: float, least: int) -> int:
    """So many of ``all_of``.

    >>> count(2000, 0.1, 5), count(2000, 0.0, 5)
    (200, 5)
    """
    return max(least, round(all_of * share))
