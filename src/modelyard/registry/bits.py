"""Whether two sets of predictions are the same, bit for bit, and where they first differ."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from modelyard.errors import Detail


def differences(ours: pa.Table, theirs: pa.Table) -> list[Detail]:
    """What differs: nothing, or for each column the first row that does.

    NaN's sign and payload do not count; NA against NaN does, and so does 0.0 against -0.0.
    """
    if ours.column_names != theirs.column_names:
        return [Detail(f"columns {_said(ours)} against {_said(theirs)}")]
    if ours.num_rows != theirs.num_rows:
        s = "s"[: ours.num_rows != 1]
        return [Detail(f"{ours.num_rows} row{s} against {theirs.num_rows}")]
    found = []
    for name in ours.column_names:
        a, b = ours[name].combine_chunks(), theirs[name].combine_chunks()
        if a.type != b.type:
            found.append(Detail(f"{a.type} against {b.type}", column=name))
            continue
        rows = np.flatnonzero(_differ(a, b))
        if len(rows):
            i = int(rows[0])
            found.append(Detail(f"{_shown(a[i])} against {_shown(b[i])}", column=name, row=i + 1))
    return found


def same(ours: pa.Table, theirs: pa.Table) -> bool:
    """Whether nothing differs."""
    return not differences(ours, theirs)


def _differ(a: pa.Array, b: pa.Array) -> npt.NDArray[np.bool_]:
    nulls_a = a.is_null().to_numpy(zero_copy_only=False)
    nulls_b = b.is_null().to_numpy(zero_copy_only=False)
    if pa.types.is_floating(a.type):
        x = np.asarray(a.fill_null(0.0).to_numpy(zero_copy_only=False), dtype=np.float64)
        y = np.asarray(b.fill_null(0.0).to_numpy(zero_copy_only=False), dtype=np.float64)
        unequal = x.view(np.uint64) != y.view(np.uint64)
        unequal &= ~(np.isnan(x) & np.isnan(y))
    else:
        if pa.types.is_timestamp(a.type):  # Python's own times end at the microsecond
            a, b = a.cast(pa.int64()), b.cast(pa.int64())
        if pa.types.is_date(a.type):  # and its dates with the year 9999
            a, b = a.cast(pa.int32()), b.cast(pa.int32())
        unequal = np.array(
            [x != y for x, y in zip(a.to_pylist(), b.to_pylist(), strict=True)], bool
        )
    differ: npt.NDArray[np.bool_] = unequal | (nulls_a != nulls_b)
    return differ


def _said(table: pa.Table) -> str:
    return ", ".join(table.column_names)


def _shown(value: pa.Scalar) -> str:
    raw = value.cast(pa.string()).as_py() if pa.types.is_temporal(value.type) else value.as_py()
    return "NA" if raw is None else repr(raw)
