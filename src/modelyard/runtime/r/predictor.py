"""One loaded model asked for predictions: Arrow in, R's predict(), Arrow out."""

from __future__ import annotations

import pyarrow as pa

from modelyard.errors import Detail, MissingPackage, from_code
from modelyard.runtime.r.from_r import FrameReader
from modelyard.runtime.r.session import Call, Functions, RFailure, Sexp, lib, protected
from modelyard.runtime.r.to_r import FrameWriter
from modelyard.runtime.r.values import element, texts_of

CALL_ROWS = 122_880
"""Rows a call of a row-independent model: R is fastest near this size, and memory stays bounded."""


class Predictor:
    """The model that ``serve_load`` loaded. Every call to R and frame it needs is made once."""

    def __init__(self, functions: Functions) -> None:
        self._writer = FrameWriter(functions)
        self._reader = FrameReader(functions)
        self._answer = Call(functions, "serve_answer", 2)
        self._restore = Call(functions, "serve_restore", 0)

    def predict(
        self, rows: pa.Table, *, split: bool, seed: int | None
    ) -> tuple[pa.Table, list[str]]:
        """Predictions for ``rows`` and what R warned of; ``split`` allows several calls of R.

        Call :meth:`restore` before the next request.

        Raises:
            ModelyardError: what R reported, or an answer that is no table.
        """
        n = rows.num_rows
        if not split or n <= CALL_ROWS:
            return self._call(rows, seed)
        tables, warnings = [], []
        for start in range(0, n, CALL_ROWS):
            if start:
                self.restore()
            table, said = self._call(rows.slice(start, CALL_ROWS), seed)
            tables.append(table)
            warnings += said
        return pa.concat_tables(tables), list(dict.fromkeys(warnings))

    def restore(self) -> str | None:
        """Undo what a prediction has changed in the session; what of it cannot be undone, if any.

        ``state.R`` says what is looked at.
        """
        try:
            lost = self._restore()
        except RFailure as e:
            return str(e)
        return None if lost == lib.R_NilValue else str(texts_of(lost)[0])

    def _call(self, rows: pa.Table, seed: int | None) -> tuple[pa.Table, list[str]]:
        frame = lib.Rf_protect(self._writer.write(rows))
        try:
            start = lib.R_NilValue if seed is None else lib.Rf_ScalarInteger(seed)
            result = lib.Rf_protect(self._answer(frame, start))
            try:
                return self._told(result)
            finally:
                lib.Rf_unprotect(1)
        finally:
            lib.Rf_unprotect(1)

    def _told(self, result: Sexp) -> tuple[pa.Table, list[str]]:
        # serve_answer gives list(ok, frame, warnings); looking up names costs more than reading.
        if not lib.LOGICAL(lib.VECTOR_ELT(result, 0))[0]:
            raise_fault(result)
        table = self._reader.read(lib.VECTOR_ELT(result, 1))
        warnings = lib.VECTOR_ELT(result, 2)
        if lib.Rf_xlength(warnings) == 0:
            return table, []
        return table, [w for w in texts_of(warnings) if w is not None]


def raise_fault(result: Sexp) -> None:
    """Raise what R reported as ``list(ok = FALSE, code, message, …)``; else return."""
    with protected(result):
        if not lib.LOGICAL(element(result, "ok"))[0]:
            code, message, hint, details, names = (
                [str(text) for text in texts_of(element(result, name))]
                for name in ("code", "message", "hint", "details", "names")
            )
            error = from_code(
                code[0], message[0], next(iter(hint), None), [Detail(reason) for reason in details]
            )
            if isinstance(error, MissingPackage):
                error.packages = tuple(names)
            raise error
