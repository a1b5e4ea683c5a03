"""What a model answers, wherever and in whatever it runs."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model answered: columns as it named them, its warnings, and the seconds it took."""

    table: pa.Table
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
