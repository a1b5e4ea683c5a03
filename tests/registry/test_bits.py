"""Tables compared bit for bit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from modelyard.registry.bits import differences, same

NA = None
NS = pa.timestamp("ns", tz="Asia/Tokyo")


@pytest.mark.parametrize(
    ("ours", "theirs", "kind", "said"),
    [
        ([0.1 + 0.2], [0.3], pa.float64(), "0.30000000000000004 against 0.3"),
        ([0.0], [-0.0], pa.float64(), "0.0 against -0.0"),
        ([NA], [float("nan")], pa.float64(), "NA against nan"),
        ([1_704_110_402_619_999_886], [1_704_110_402_619_999_887], NS, "999886"),
        ([1], [NA], NS, "against NA"),
        (["a"], ["b"], pa.string(), "'a' against 'b'"),
        ([4_000_000], [4_000_001], pa.date32(), "-08-18' against"),
    ],
)
def test_one_bit_is_a_difference(ours, theirs, kind, said):
    a, b = (pa.table({"p": pa.array(v, kind)}) for v in (ours, theirs))
    (found,) = differences(a, b)
    assert said in found.reason and (found.column, found.row) == ("p", 1)
    assert same(a, a)


def test_the_payload_of_nan_is_none():
    odd = np.array([0x7FF8000000000001], np.uint64).view(np.float64)
    assert same(pa.table({"p": odd}), pa.table({"p": [float("nan")]}))
