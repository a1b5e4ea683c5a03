"""Rows for bench/bridge.py as Arrow tables."""

from __future__ import annotations

import pyarrow as pa
from bench.bridge_rows import SIZES, columns


def table(model: str, rows: int, seed: int) -> pa.Table:
    """The rows as the product has them."""
    made = {}
    for name, (kind, values, missing) in columns(model, rows, seed).items():
        if kind == "factor":
            codes = pa.array(values, pa.int32(), mask=missing)
            made[name] = pa.DictionaryArray.from_arrays(codes, pa.array(SIZES))
        else:
            made[name] = pa.array(values, mask=missing)
    return pa.table(made)
