"""One loaded model asked for predictions: the bytes of a frame in, R's predict(), bytes out."""

from __future__ import annotations

from functools import lru_cache

from modelyard.errors import Detail, MissingPackage, ModelError, from_code
from modelyard.runtime.r.codes import LIST, RAW, REAL
from modelyard.runtime.r.rds_form import Pieces, frame_end, frame_names, frame_start, head
from modelyard.runtime.r.session import Call, Functions, RFailure, Sexp, ffi, lib, protected, symbol
from modelyard.runtime.r.values import bytes_of, element, texts_of

_FRAME, _ANSWER = range(2)


class Predictor:
    """The model that ``serve_load`` loaded. Its calls of R are made once.

    A frame comes in memory of R and its answer stays there, kept here until it has been sent: of
    large ones every copy shows.
    """

    def __init__(self, functions: Functions) -> None:
        self._answer = Call(functions, "serve_answer", 2)
        self._restore = Call(functions, "serve_restore", 0)
        self._names = symbol("names")
        self._kept = lib.Rf_allocVector(LIST, 2)
        lib.R_PreserveObject(self._kept)

    def room(self, size: int) -> memoryview:
        """Memory for the bytes of a serialised data frame, for :meth:`predict` to read."""
        vector = lib.Rf_allocVector(RAW, size)
        lib.SET_VECTOR_ELT(self._kept, _FRAME, vector)
        return bytes_of(vector)

    def predict(self, *, seed: int | None) -> tuple[Pieces, list[str]]:
        """Predictions for the frame that was put into :meth:`room`, as pieces of another's bytes,
        and what R warned of.

        They are there until :meth:`restore`, which is to be called before the next request.

        Raises:
            ModelyardError: what R reported, or an answer that is no table.
        """
        start = lib.R_NilValue if seed is None else lib.Rf_ScalarInteger(seed)
        try:
            result = self._answer(lib.VECTOR_ELT(self._kept, _FRAME), start)
        except RFailure as e:  # such as a C stack that was used up, which R gives no handler
            raise ModelError(str(e)) from e
        lib.SET_VECTOR_ELT(self._kept, _ANSWER, result)
        # list(ok, answer, warnings, doubles): looking up names would cost more than reading them.
        if not lib.LOGICAL(lib.VECTOR_ELT(result, 0))[0]:
            raise_fault(result)
        answer = lib.VECTOR_ELT(result, 1)
        warnings = [w for w in texts_of(lib.VECTOR_ELT(result, 2)) if w is not None]
        if lib.LOGICAL(lib.VECTOR_ELT(result, 3))[0]:
            return self._doubles(answer), warnings
        return [bytes_of(answer)], warnings

    def _doubles(self, frame: Sexp) -> Pieces:
        """What R's serialize() would give for a frame of plain doubles, around its own numbers."""
        rows = lib.Rf_xlength(lib.VECTOR_ELT(frame, 0))
        start, names = _around(tuple(texts_of(lib.Rf_getAttrib(frame, self._names))))
        pieces: Pieces = [start]
        for i in range(lib.Rf_xlength(frame)):
            numbers = ffi.buffer(lib.REAL(lib.VECTOR_ELT(frame, i)), 8 * rows)
            pieces += [head(REAL, rows), memoryview(numbers)]
        return [*pieces, names, frame_end(rows)]

    def restore(self) -> str | None:
        """Undo what a prediction has changed in the session; what of it cannot be undone, if any.

        ``state.R`` says what is looked at.
        """
        for place in (_FRAME, _ANSWER):
            lib.SET_VECTOR_ELT(self._kept, place, lib.R_NilValue)
        try:
            lost = self._restore()
        except RFailure as e:
            return str(e)
        return None if lost == lib.R_NilValue else str(texts_of(lost)[0])


@lru_cache(maxsize=4)
def _around(names: tuple[str | None, ...]) -> tuple[bytes, bytes]:
    return frame_start(len(names)), frame_names(names)


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
