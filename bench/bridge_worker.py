"""The systems of bench/bridge.py that need R in the process: R alone in a loop, and the bridge.

Runs in the environment of a worker; reads a JSON object a line, answers with one.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from bench.bridge_tables import table
from bench.bridge_talk import main

from modelyard.runtime.r.codes import LIST
from modelyard.runtime.r.predictor import Predictor, raise_fault
from modelyard.runtime.r.session import (
    Call,
    Functions,
    Sexp,
    call_of,
    evaluate,
    lib,
    protected,
    start_r,
    string,
    symbol,
)
from modelyard.runtime.r.to_r import FrameWriter
from modelyard.runtime.r.values import raw_vector, to_list

FLOOR = """
bench_floor <- function(frames) {
  model <- served$model
  for (rows in frames) {
    p <- stats::predict(model, newdata = rows)
    names(p) <- NULL
  }
  p
}
"""


class Systems:
    """One model, loaded as a worker loads it."""

    def __init__(self, folder: Path, model: str) -> None:
        self._functions = Functions()
        code = folder / "floor.R"
        code.write_text(FLOOR)
        with protected(path := string(str(code))):
            evaluate(call_of(symbol("sys.source"), [path, self._functions.env]), lib.R_BaseEnv)
        bytes_ = lib.Rf_protect(raw_vector((folder / f"{model}.raw").read_bytes()))
        spec = lib.Rf_protect(to_list({"fn": "predict", "packages": None, "args": {}}))
        raise_fault(self._functions.call("serve_load", bytes_, lib.R_NilValue, spec))
        self._writer = FrameWriter(self._functions)
        self._floor = Call(self._functions, "bench_floor", 1)
        self._predictor = Predictor(self._functions)

    def floor(self, rows: list[pa.Table]) -> tuple[float, object]:
        """R alone: one crossing for all calls, the rows already data frames of R."""
        frames = lib.Rf_protect(lib.Rf_allocVector(LIST, len(rows)))
        for i, one in enumerate(rows):
            lib.SET_VECTOR_ELT(frames, i, self._writer.write(one))
        started = time.perf_counter()
        last = self._floor(frames)
        seconds = time.perf_counter() - started
        found = _numbers(last)
        lib.Rf_unprotect(1)
        return seconds, found

    def bridge(self, rows: list[pa.Table]) -> tuple[float, object]:
        """What a worker does between its two messages, and the restoring it does after them."""
        started = time.perf_counter()
        for one in rows:
            answer, _ = self._predictor.predict(one, split=True, seed=None)
            self._predictor.restore()
        seconds = time.perf_counter() - started
        return seconds, answer.column(0).to_numpy()


def _numbers(vector: Sexp) -> object:
    return np.array([lib.REAL(vector)[i] for i in range(lib.Rf_xlength(vector))])


if __name__ == "__main__":
    start_r()
    main(Systems, table)
