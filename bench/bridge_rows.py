"""Rows for bench/bridge.py: the same for every system, and others for every call."""

from __future__ import annotations

from typing import Any

import numpy as np

SIZES = ("large", "medium", "small")
CITIES = tuple(f"city {i:02d}" for i in range(1, 21))


def columns(model: str, rows: int, seed: int) -> dict[str, tuple[str, Any, Any]]:
    """Each column's kind, values and which of them are missing (None: none is)."""
    rng = np.random.default_rng(seed)
    if model == "numbers":
        return {name: ("double", rng.normal(size=rows), None) for name in "abcd"}
    missing = [rng.random(rows) < 0.05 if rows > 1 else None for _ in range(5)]
    return {
        "a": ("double", rng.normal(size=rows), missing[0]),
        "i": ("integer", rng.integers(1, 101, rows, dtype=np.int32), missing[1]),
        "flag": ("boolean", rng.random(rows) < 0.5, missing[2]),
        "size": ("factor", rng.integers(0, len(SIZES), rows, dtype=np.int32), missing[3]),
        "city": ("string", np.array(CITIES, dtype=object)[rng.integers(0, 20, rows)], missing[4]),
    }
