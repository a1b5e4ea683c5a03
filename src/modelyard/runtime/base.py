"""What a model answers, wherever and in whatever it runs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model answered: columns as it named them, its warnings, and the seconds it took."""

    table: pa.Table
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0


def seed_of(request_id: str) -> int:
    """What R's random numbers start from for this request, where the model draws some."""
    return int.from_bytes(hashlib.sha256(request_id.encode()).digest()[:4]) & 0x7FFFFFFF
