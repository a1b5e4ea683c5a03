"""One loaded model asked for predictions: the bytes of a frame in, R's predict(), bytes out."""

from __future__ import annotations

from modelyard.errors import Detail, MissingPackage, ModelError, from_code
from modelyard.runtime.r.session import Call, Functions, RFailure, Sexp, lib, protected
from modelyard.runtime.r.values import element, raw_bytes, raw_vector, texts_of


class Predictor:
    """The model that ``serve_load`` loaded. Its calls of R are made once."""

    def __init__(self, functions: Functions) -> None:
        self._answer = Call(functions, "serve_answer", 2)
        self._restore = Call(functions, "serve_restore", 0)

    def predict(self, rows: bytes | memoryview, *, seed: int | None) -> tuple[bytes, list[str]]:
        """Predictions for a serialised data frame, as another, and what R warned of.

        Call :meth:`restore` before the next request.

        Raises:
            ModelyardError: what R reported, or an answer that is no table.
        """
        frame = lib.Rf_protect(raw_vector(rows))
        start = lib.Rf_protect(lib.R_NilValue if seed is None else lib.Rf_ScalarInteger(seed))
        try:
            result = lib.Rf_protect(self._answer(frame, start))
        except RFailure as e:  # such as a C stack that was used up, which R gives no handler
            lib.Rf_unprotect(2)
            raise ModelError(str(e)) from e
        try:
            # list(ok, bytes, warnings): looking up the names would cost more than reading them.
            if not lib.LOGICAL(lib.VECTOR_ELT(result, 0))[0]:
                raise_fault(result)
            warnings = [w for w in texts_of(lib.VECTOR_ELT(result, 2)) if w is not None]
            return raw_bytes(lib.VECTOR_ELT(result, 1)), warnings
        finally:
            lib.Rf_unprotect(3)

    def restore(self) -> str | None:
        """Undo what a prediction has changed in the session; what of it cannot be undone, if any.

        ``state.R`` says what is looked at.
        """
        try:
            lost = self._restore()
        except RFailure as e:
            return str(e)
        return None if lost == lib.R_NilValue else str(texts_of(lost)[0])


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
