"""The systems of bench/bridge.py that need R in the process: R alone in a loop, and the bridge.

Runs in the environment of a worker; reads a JSON object a line, answers with one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from bench.bridge_tables import table
from bench.bridge_talk import main

from modelyard.runtime.messages import SKEW, Rows
from modelyard.runtime.r.codes import LIST
from modelyard.runtime.r.predictor import Predictor, raise_fault
from modelyard.runtime.r.rds import FrameReader
from modelyard.runtime.r.rds_write import FrameWriter
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
from modelyard.runtime.r.values import raw_vector, to_list
from modelyard.workers.lease import CALL_ROWS

_FEW_BYTES = 64 * 1024

FLOOR = """
bench_frames <- function(all) lapply(all, frame_of_bytes)

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
        self._writer = FrameWriter()
        self._reader = FrameReader()
        self._frames = Call(self._functions, "bench_frames", 1)
        self._floor = Call(self._functions, "bench_floor", 1)
        self._predictor = Predictor(self._functions)

    def floor(self, rows: list[pa.Table]) -> tuple[float, object]:
        """R alone: one crossing for all calls, the rows already data frames of R."""
        sent = lib.Rf_protect(lib.Rf_allocVector(LIST, len(rows)))
        for i, one in enumerate(rows):
            lib.SET_VECTOR_ELT(sent, i, raw_vector(b"".join(self._writer.pieces(one))))
        frames = lib.Rf_protect(self._frames(sent))
        started = time.perf_counter()
        last = self._floor(frames)
        seconds = time.perf_counter() - started
        found = _numbers(last)
        lib.Rf_unprotect(2)
        return seconds, found

    def bridge(self, rows: list[pa.Table]) -> tuple[float, object]:
        """Rows of Arrow to predictions of Arrow, the answer's way."""
        return self._asked(rows, lambda: None)

    def inside(self, rows: list[pa.Table]) -> tuple[float, object]:
        """What of it is the worker's: the bytes of rows that came to the bytes of the answer."""
        sent = [[b"".join(self._writer.pieces(part)) for part in self._slices(one)] for one in rows]
        started = time.perf_counter()
        for parts in sent:
            answers = []
            for part in parts:
                self._predictor.room(len(part))[:] = part
                told, _ = self._predictor.predict(seed=None)
                answers.append(_sent(told))
        seconds = time.perf_counter() - started
        tables = [self._reader.read(answer) for answer in answers]
        return seconds, pa.concat_tables(tables).column(0).to_numpy()

    def restored(self, rows: list[pa.Table]) -> tuple[float, object]:
        """The same and what a worker does behind its answer: the session is put back."""
        return self._asked(rows, self._predictor.restore)

    def _asked(self, rows: list[pa.Table], then: Callable[[], object]) -> tuple[float, object]:
        started = time.perf_counter()
        for one in rows:
            parts = []
            for part in self._slices(one):
                self._receive(self._writer.pieces(part))
                told, _ = self._predictor.predict(seed=None)
                parts.append(self._reader.read(_sent(told)))
                then()
            answer = pa.concat_tables(parts) if len(parts) > 1 else parts[0]
        seconds = time.perf_counter() - started
        return seconds, answer.column(0).to_numpy()

    def _slices(self, rows: pa.Table) -> list[pa.Table]:
        if rows.num_rows <= CALL_ROWS:
            return [rows]
        return [rows.slice(at, CALL_ROWS) for at in range(0, rows.num_rows, CALL_ROWS)]

    def _receive(self, pieces: Rows) -> None:
        """What a socket does between two processes: the bytes once into R's memory."""
        room = self._predictor.room(sum(map(len, pieces)))
        if len(room) < _FEW_BYTES:
            room[:] = b"".join(pieces)
            return
        at = 0
        for piece in pieces:
            room[at : at + len(piece)] = memoryview(piece).cast("B")
            at += len(piece)


def _sent(answer: Rows) -> memoryview:
    """And once out of it."""
    return memoryview(b"".join((bytes(SKEW), *answer)))[SKEW:]


def _numbers(vector: Sexp) -> object:
    return np.array([lib.REAL(vector)[i] for i in range(lib.Rf_xlength(vector))])


if __name__ == "__main__":
    start_r()
    main(Systems, table)
