"""How R marks a missing double: one NaN among the others."""

from __future__ import annotations

from math import isnan

import numpy as np
import numpy.typing as npt

NA_REAL_BITS = np.uint64(0x7FF00000000007A2)
_NA_LOW_WORD = np.uint64(1954)
_LOW = np.uint64(0xFFFFFFFF)


def is_na(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_] | None:
    """Which doubles are R's NA, told from other NaNs by the low word; None: there is no NaN.

    >>> is_na(np.array([1.0, float("nan")])).tolist()
    [False, False]
    """
    # The minimum is NaN when any value is, and costs no array of its own.
    if len(values) == 0 or not isnan(np.minimum.reduce(values)):
        return None
    found: npt.NDArray[np.bool_] = np.isnan(values) & (
        values.view(np.uint64) & _LOW == _NA_LOW_WORD
    )
    return found
