"""How bench/bridge.py talks with a process that holds systems: one JSON object a line."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np


def fingerprint(numbers: object) -> str:
    """Bits of all predictions, missing ones all alike."""
    values = np.asarray(numbers, dtype=np.float64).copy()
    values[np.isnan(values)] = np.nan
    return hashlib.sha256(values.tobytes()).hexdigest()


def main(systems: Callable[[Path, str], object], make: Callable[[str, int, int], object]) -> None:
    """Answer ``{"system", "rows", "calls", "seed"}`` with ``{"seconds", "bits"}`` a call."""
    folder, model = Path(sys.argv[1]), sys.argv[2]
    loaded = systems(folder, model)
    for line in sys.stdin:
        asked = json.loads(line)
        inputs = [make(model, asked["rows"], asked["seed"] + i) for i in range(asked["calls"])]
        seconds, found = getattr(loaded, asked["system"])(inputs)
        reply = {"seconds": seconds / asked["calls"], "bits": fingerprint(found)}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()
