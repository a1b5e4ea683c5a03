"""Fault points: places where a test may kill this process between two steps.

``MODELYARD_FAULT=log.stored`` kills the process, as ``kill -9`` would, when it reaches
``fault_point("log.stored")``; ``log.stored:3`` does so the third time. Unset, a point costs one
dictionary look-up.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

_reached: Counter[str] = Counter()


def fault_point(name: str) -> None:
    """Die here if the environment says so."""
    wanted = os.environ.get("MODELYARD_FAULT")
    if wanted is None:
        return
    point, _, nth = wanted.partition(":")
    if point == name:
        _reached[name] += 1
        if _reached[name] >= int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)
