"""Predictions from R into Arrow, by copying whole buffers.

Only a worker process imports this. NA in R is null in Arrow, and NaN stays NaN. What comes out is
checked against a contract by the process that asked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from modelyard.contract.instants import seconds_to_instants
from modelyard.contract.missing import NA_INTEGER, is_na
from modelyard.errors import OutputViolation
from modelyard.runtime.r.codes import INTEGER, LOGICAL, REAL, STRING
from modelyard.runtime.r.session import Call, Functions, Sexp, ffi, lib, protected, symbol
from modelyard.runtime.r.values import texts_of

SMALL = 25
"""Up to so many texts a loop over them is quickest (docs/reference/performance.md)."""
_MOST_BYTES = 2**31 - 1
_DOUBLE, _INT, _TEXT = pa.float64(), pa.int32(), pa.string()


class FrameReader:
    """Reads R data frames of plain columns."""

    def __init__(self, functions: Functions) -> None:
        self._raw_of_text = Call(functions, "raw_of_text", 1)
        self._names = symbol("names")

    def read(self, frame: Sexp) -> pa.Table:
        """The rows of a frame, which the caller protects.

        Raises:
            OutputViolation: for a column no Arrow type here can hold.
        """
        try:
            names = [str(name) for name in texts_of(lib.Rf_getAttrib(frame, self._names))]
        except UnicodeDecodeError as e:
            raise OutputViolation("A name of the model's columns is not UTF-8.") from e
        columns = [self._column(lib.VECTOR_ELT(frame, i), name) for i, name in enumerate(names)]
        return pa.Table.from_arrays(columns, names=names)

    def _column(self, vector: Sexp, name: str) -> pa.Array:
        kind = vector.sxpinfo.type
        plain = lib.ATTRIB(vector) == lib.R_NilValue
        classes = () if plain else texts_of(lib.Rf_getAttrib(vector, lib.R_ClassSymbol))
        if kind == REAL and "Date" in classes:
            return _dates(vector, name)
        if kind == REAL and "POSIXct" in classes:
            return _timestamps(vector, name)
        if kind == REAL:
            return _reals(vector)
        if kind == INTEGER and "factor" in classes:
            return _factor(vector, ordered="ordered" in classes)
        if kind == INTEGER:
            return _integers(vector)
        if kind == LOGICAL:
            return _integers(vector).cast(pa.bool_())
        if kind == STRING:
            return self._strings(vector, name)
        raise OutputViolation(
            f"The model's column {name!r} is of an R type no column here can hold."
        )

    def _strings(self, vector: Sexp, name: str) -> pa.Array:
        n = lib.Rf_xlength(vector)
        try:
            if n <= SMALL:
                return pa.array(texts_of(vector), _TEXT)
            with protected(found := self._raw_of_text(vector)):
                data = np.frombuffer(_bytes(lib.VECTOR_ELT(found, 0), 1), np.uint8)
                missing = _missing(lib.VECTOR_ELT(found, 1))
        except UnicodeDecodeError as e:
            raise _not_utf8(name) from e
        ends = np.flatnonzero(data == 0)
        if len(ends) != n or len(data) - n > _MOST_BYTES:
            raise OutputViolation(f"The model's column {name!r} holds more text than a column can.")
        offsets = np.zeros(n + 1, np.int32)
        offsets[1:] = ends - np.arange(n)
        values = pa.StringArray.from_buffers(
            n, pa.py_buffer(offsets), pa.py_buffer(data[data != 0]), missing
        )
        try:
            values.validate(full=True)
        except pa.ArrowInvalid as e:
            raise _not_utf8(name) from e
        return values


def _not_utf8(name: str) -> OutputViolation:
    return OutputViolation(f"The model's column {name!r} holds text that is not UTF-8.")


def _missing(flags: Sexp) -> pa.Buffer | None:
    """Arrow's bits of what is there, from R's flags of what is missing; NULL: all is there."""
    if flags == lib.R_NilValue:
        return None
    missing = np.frombuffer(_bytes(flags, 4), np.int32)
    return pa.py_buffer(np.packbits(missing == 0, bitorder="little"))


def _bytes(vector: Sexp, width: int) -> pa.Buffer:
    """A copy of the bytes of a vector, which R may reuse as soon as it runs again."""
    size = lib.Rf_xlength(vector) * width
    data = pa.allocate_buffer(size)
    if size:
        ffi.memmove(ffi.cast("char *", data.address), lib.DATAPTR(vector), size)
    return data


def _reals(vector: Sexp) -> pa.Array:
    data = _bytes(vector, 8)
    numbers = np.frombuffer(data, np.float64)
    missing = is_na(numbers)
    if missing is None or not missing.any():
        return pa.Array.from_buffers(_DOUBLE, len(numbers), [None, data], 0)
    return pa.array(numbers, mask=missing)


def _integers(vector: Sexp) -> pa.Array:
    data = _bytes(vector, 4)
    numbers = np.frombuffer(data, np.int32)
    if len(numbers) == 0 or numbers.min() != NA_INTEGER:
        return pa.Array.from_buffers(_INT, len(numbers), [None, data], 0)
    return pa.array(numbers, mask=numbers == NA_INTEGER)


def _factor(vector: Sexp, *, ordered: bool) -> pa.Array:
    levels = pa.array(texts_of(lib.Rf_getAttrib(vector, symbol("levels"))), _TEXT)
    codes = pc.subtract(_integers(vector), 1).cast(_INT)
    return pa.DictionaryArray.from_arrays(codes, levels, ordered=ordered)


def _dates(vector: Sexp, name: str) -> pa.Array:
    try:
        return _reals(vector).cast(_INT).cast(pa.date32())
    except pa.ArrowInvalid as e:
        raise OutputViolation(f"The model's column {name!r} holds days that are not whole.") from e


def _timestamps(vector: Sexp, name: str) -> pa.Array:
    zone = texts_of(lib.Rf_getAttrib(vector, symbol("tzone")))
    seconds: npt.NDArray[Any] = np.frombuffer(_bytes(vector, 8), np.float64).copy()
    missing = np.isnan(seconds)  # a time that is not a number is a missing time
    seconds[missing] = 0.0
    instants, exact = seconds_to_instants(seconds)
    if not exact.all():
        raise OutputViolation(
            f"The model's column {name!r} holds times that are no whole nanoseconds "
            "from 1678 to 2261."
        )
    tz = str(zone[0]) if zone and zone[0] else "UTC"
    return pa.array(instants, mask=missing).cast(pa.timestamp("ns", tz=tz))
