"""The reference of bench/bridge.py: a wrapper as such wrappers are written, with rpy2 and pandas.

A data frame is converted by pandas2ri, assigned in R's global environment under a name of its own,
predicted by a piece of R code put together as text, converted back, and its names are removed.
Runs in an environment of its own; speaks as bench/bridge_worker.py does.
"""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import pandas as pd
import rpy2.robjects as ro
from bench.bridge_rows import SIZES, columns
from bench.bridge_talk import main
from rpy2.robjects import pandas2ri
from rpy2.robjects.conversion import get_conversion, localconverter

CODE = """
result_{uid} <- predict(model, newdata = input_{uid})
if (!is.data.frame(result_{uid})) {{
  result_{uid} <- data.frame(prediction = as.numeric(result_{uid}))
}}
"""


def frame(model: str, rows: int, seed: int) -> pd.DataFrame:
    """The rows as pandas has them; what is missing is NaN, None or NA."""
    made = {}
    for name, (kind, values, missing) in columns(model, rows, seed).items():
        if kind == "factor":
            column = pd.Series(pd.Categorical.from_codes(values, SIZES))
        else:
            dtype = {"integer": "Int32", "boolean": "boolean"}.get(kind)
            column = pd.Series(values, dtype=dtype)
        made[name] = column if missing is None else column.mask(missing)
    return pd.DataFrame(made)


class Systems:
    """One model in R's global environment."""

    def __init__(self, folder: Path, model: str) -> None:
        ro.globalenv["model"] = ro.r["readRDS"](str(folder / f"{model}.rds"))
        self._converter = ro.default_converter + pandas2ri.converter

    def reference(self, frames: list[pd.DataFrame]) -> tuple[float, object]:
        """Predict each frame."""
        started = time.perf_counter()
        for one in frames:
            answer = self.predict(one)
        return time.perf_counter() - started, answer["prediction"].to_numpy()

    def predict(self, rows: pd.DataFrame, code: str = CODE) -> pd.DataFrame:
        """Predict one frame the way such wrappers do; ``code`` is the model's predict body."""
        uid = uuid.uuid4().hex[:8]
        with localconverter(self._converter):
            ro.globalenv[f"input_{uid}"] = get_conversion().py2rpy(rows)
        ro.r(code.format(uid=uid))
        with localconverter(self._converter):
            answer = get_conversion().rpy2py(ro.globalenv[f"result_{uid}"])
        ro.r(f'rm(list = ls(pattern = "{uid}"))')
        return answer


if __name__ == "__main__":
    main(Systems, frame)
