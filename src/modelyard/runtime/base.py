"""The seam for models: how one version is asked, wherever and in whatever it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model answered: columns as it named them, its warnings, and the seconds it took."""

    table: pa.Table
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0


class Predictor(Protocol):
    """A loaded model: a local worker, a pool and a remote service all have this face."""

    def predict(self, rows: pa.Table, *, deadline_s: float, request_id: str) -> Prediction:
        """Score rows that already fit the model's signature.

        Raises:
            ModelFault: the model failed, hung, crashed or took too much memory.
        """
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...
