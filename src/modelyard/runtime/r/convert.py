"""Columns between Arrow and R, typed, by copying whole buffers.

Only a worker process imports this. NA in R is null in Arrow and NaN stays NaN. Nothing here
checks a contract: rows come in checked, and what comes out is checked by the process that asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from modelyard.contract.instants import instants_to_seconds, seconds_to_instants
from modelyard.contract.missing import NA_INTEGER, NA_REAL_BITS, is_na
from modelyard.errors import OutputViolation
from modelyard.runtime.r.codes import INTEGER, LIST, LOGICAL, RAW, REAL, STRING
from modelyard.runtime.r.session import Functions, Sexp, ffi, lib, protected, symbol

SMALL = 500
"""Below so many texts a loop over them is quickest (docs/reference/performance.md)."""


def to_frame(rows: pa.Table, functions: Functions) -> Sexp:
    """An R data frame of these rows; the result is not protected."""
    rows = rows.combine_chunks()
    frame = lib.Rf_protect(lib.Rf_allocVector(LIST, rows.num_columns))
    names = lib.Rf_protect(_texts(rows.column_names))
    for i, column in enumerate(rows.columns):
        lib.SET_VECTOR_ELT(frame, i, _to_vector(_one(column), functions))
    lib.Rf_setAttrib(frame, symbol("names"), names)
    _set(frame, "class", ["data.frame"])
    numbers = lib.Rf_protect(lib.Rf_allocVector(INTEGER, 2))
    _ints(numbers)[:] = (NA_INTEGER, -rows.num_rows)
    lib.Rf_setAttrib(frame, symbol("row.names"), numbers)
    lib.Rf_unprotect(3)
    return frame


def _one(column: pa.ChunkedArray) -> pa.Array:
    chunks = column.chunks
    return chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks) if chunks else _none(column)


def _none(column: pa.ChunkedArray) -> pa.Array:
    return pa.array([], type=column.type)


def _to_vector(values: pa.Array, functions: Functions) -> Sexp:
    t = values.type
    if pa.types.is_float64(t):
        return _real(values)
    if pa.types.is_int32(t):
        return _integer(INTEGER, values)
    if pa.types.is_boolean(t):
        return _integer(LOGICAL, values.cast(pa.int32()))
    if pa.types.is_string(t):
        return _strings(values, functions)
    if pa.types.is_dictionary(t):
        return _factor(values)
    if pa.types.is_date32(t):
        return _classed(_real(values.cast(pa.int32()).cast(pa.float64())), ["Date"])
    if pa.types.is_timestamp(t):
        vector = lib.Rf_protect(_classed(_seconds(values), ["POSIXct", "POSIXt"]))
        _set(vector, "tzone", [t.tz or "UTC"])
        lib.Rf_unprotect(1)
        return vector
    raise TypeError(f"no R form for {t}")


def _real(values: pa.Array) -> Sexp:
    n = len(values)
    vector = lib.Rf_allocVector(REAL, n)
    data = values.buffers()[1]
    if n and data is not None:
        source = np.frombuffer(data, dtype=np.float64, count=n, offset=values.offset * 8)
        _reals(vector)[:] = source
    if values.null_count:
        bits = _reals(vector).view(np.uint64)
        bits[_nulls(values)] = NA_REAL_BITS
    return vector


def _integer(kind: int, values: pa.Array) -> Sexp:
    vector = lib.Rf_allocVector(kind, len(values))
    if len(values):
        filled = values.fill_null(NA_INTEGER) if values.null_count else values
        _ints(vector)[:] = filled.to_numpy()
    return vector


def _seconds(values: pa.Array) -> Sexp:
    counts = values.cast(pa.int64()).fill_null(0).to_numpy()
    vector = lib.Rf_allocVector(REAL, len(values))
    if len(values):
        _reals(vector)[:] = instants_to_seconds(counts)
    if values.null_count:
        _reals(vector).view(np.uint64)[_nulls(values)] = NA_REAL_BITS
    return vector


def _factor(values: pa.DictionaryArray) -> Sexp:
    codes = lib.Rf_protect(_integer(INTEGER, pc.add(values.indices, 1).cast(pa.int32())))
    _set(codes, "levels", values.dictionary.to_pylist())
    _set(codes, "class", ["ordered", "factor"] if values.type.ordered else ["factor"])
    lib.Rf_unprotect(1)
    return codes


def _strings(values: pa.Array, functions: Functions) -> Sexp:
    n = len(values)
    if n <= SMALL:
        return _texts(values.to_pylist())
    coded = values.dictionary_encode()
    if len(coded.dictionary) < n // 10:
        levels = lib.Rf_protect(_texts(coded.dictionary.to_pylist()))
        codes = lib.Rf_protect(_integer(INTEGER, pc.add(coded.indices, 1).cast(pa.int32())))
        result = functions.call("text_of_codes", levels, codes)
        lib.Rf_unprotect(2)
        return result
    joined = pc.binary_join(
        pa.array([values.fill_null("").to_pylist()], type=pa.list_(pa.string())), "\0"
    )
    text = joined[0].as_py().encode() + b"\0"
    raw = lib.Rf_protect(raw_vector(text))
    missing = lib.Rf_protect(
        _integer(INTEGER, pa.array(_nulls(values).nonzero()[0] + 1, pa.int32()))
    )
    result = functions.call("text_of_raw", raw, lib.Rf_protect(lib.Rf_ScalarInteger(n)), missing)
    lib.Rf_unprotect(3)
    return result


def raw_vector(data: bytes | memoryview) -> Sexp:
    """A raw vector of these bytes; not protected."""
    vector = lib.Rf_allocVector(RAW, len(data))
    if len(data):
        ffi.memmove(lib.RAW(vector), data, len(data))
    return vector


def _texts(values: Sequence[str | None]) -> Sexp:
    vector = lib.Rf_protect(lib.Rf_allocVector(STRING, len(values)))
    for i, value in enumerate(values):
        if value is None:
            lib.SET_STRING_ELT(vector, i, lib.R_NaString)
        else:
            raw = value.encode()
            lib.SET_STRING_ELT(vector, i, lib.Rf_mkCharLenCE(raw, len(raw), lib.CE_UTF8))
    lib.Rf_unprotect(1)
    return vector


def to_list(values: Mapping[str, Any]) -> Sexp:
    """A named R list of JSON-like values: scalars, flat lists, None, nested objects."""
    vector = lib.Rf_protect(lib.Rf_allocVector(LIST, len(values)))
    for i, value in enumerate(values.values()):
        lib.SET_VECTOR_ELT(vector, i, _to_value(value))
    with protected(names := _texts(list(values))):
        lib.Rf_setAttrib(vector, symbol("names"), names)
    lib.Rf_unprotect(1)
    return vector


def _to_value(value: Any) -> Sexp:
    if value is None:
        return lib.R_NilValue
    if isinstance(value, Mapping):
        return to_list(value)
    flat = list(value) if isinstance(value, list | tuple) else [value]
    if all(isinstance(v, str) for v in flat):
        return _texts(flat)
    if all(isinstance(v, bool) for v in flat):
        return _integer(LOGICAL, pa.array([int(v) for v in flat], pa.int32()))
    if all(isinstance(v, int) and not isinstance(v, bool) and abs(v) < 2**31 for v in flat):
        return _integer(INTEGER, pa.array(flat, pa.int32()))
    return _real(pa.array([float(v) for v in flat], pa.float64()))


def _classed(vector: Sexp, classes: Sequence[str]) -> Sexp:
    with protected(vector):
        _set(vector, "class", classes)
    return vector


def _set(vector: Sexp, name: str, texts: Sequence[str]) -> None:
    # Rf_setAttrib, not a slot: only it sets the bit that makes R see an object.
    with protected(value := _texts(texts)):
        lib.Rf_setAttrib(vector, symbol(name), value)


def _reals(vector: Sexp) -> npt.NDArray[np.float64]:
    n = lib.Rf_xlength(vector)
    return np.frombuffer(ffi.buffer(lib.REAL(vector), n * 8), dtype=np.float64)


def _ints(vector: Sexp) -> npt.NDArray[np.int32]:
    n = lib.Rf_xlength(vector)
    return np.frombuffer(ffi.buffer(lib.DATAPTR(vector), n * 4), dtype=np.int32)


def _nulls(values: pa.Array) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = values.is_null().to_numpy(zero_copy_only=False)
    return found


def from_frame(frame: Sexp, functions: Functions) -> pa.Table:
    """The rows of an R data frame of plain columns, which the caller protects.

    Raises:
        OutputViolation: for a column no Arrow type here can hold.
    """
    names = texts_of(lib.Rf_getAttrib(frame, symbol("names")))
    columns = [
        _from_vector(lib.VECTOR_ELT(frame, i), str(name), functions) for i, name in enumerate(names)
    ]
    return pa.Table.from_arrays(columns, names=[str(n) for n in names])


def _from_vector(vector: Sexp, name: str, functions: Functions) -> pa.Array:
    kind = vector.sxpinfo.type
    classes = texts_of(lib.Rf_getAttrib(vector, lib.R_ClassSymbol))
    if kind == REAL and "Date" in classes:
        return _dates(vector, name)
    if kind == REAL and "POSIXct" in classes:
        zone = texts_of(lib.Rf_getAttrib(vector, symbol("tzone")))
        return _timestamps(vector, name, str(zone[0]) if zone and zone[0] else "UTC")
    if kind == REAL:
        return _from_reals(_reals(vector).copy())
    if kind == INTEGER and "factor" in classes:
        levels = pa.array(texts_of(lib.Rf_getAttrib(vector, symbol("levels"))), pa.string())
        return pa.DictionaryArray.from_arrays(
            pc.subtract(_from_ints(vector), 1).cast(pa.int32()),
            levels,
            ordered="ordered" in classes,
        )
    if kind == INTEGER:
        return _from_ints(vector)
    if kind == LOGICAL:
        return _from_ints(vector).cast(pa.bool_())
    if kind == STRING:
        return _from_strings(vector, name, functions)
    raise OutputViolation(f"The model's column {name!r} is of an R type no column here can hold.")


def _from_reals(numbers: npt.NDArray[np.float64]) -> pa.Array:
    return pa.array(numbers, mask=is_na(numbers))


def _from_ints(vector: Sexp) -> pa.Array:
    numbers = _ints(vector).copy()
    missing = numbers == NA_INTEGER
    return pa.array(numbers, mask=missing) if missing.any() else pa.array(numbers)


def _dates(vector: Sexp, name: str) -> pa.Array:
    days = _from_reals(_reals(vector).copy())
    try:
        return days.cast(pa.int32()).cast(pa.date32())
    except pa.ArrowInvalid as e:
        raise OutputViolation(f"The model's column {name!r} holds days that are not whole.") from e


def _timestamps(vector: Sexp, name: str, zone: str) -> pa.Array:
    seconds = _reals(vector).copy()
    missing = np.isnan(seconds)  # a time that is not a number is a missing time
    seconds[missing] = 0.0
    instants, exact = seconds_to_instants(seconds)
    if not exact.all():
        raise OutputViolation(
            f"The model's column {name!r} holds times that are no whole nanoseconds "
            "from 1678 to 2261."
        )
    return pa.array(instants, mask=missing).cast(pa.timestamp("ns", tz=zone))


def _from_strings(vector: Sexp, name: str, functions: Functions) -> pa.Array:
    try:
        if lib.Rf_xlength(vector) <= SMALL:
            return pa.array(texts_of(vector), pa.string())
        with protected(raw := functions.call("raw_of_text", vector)):
            n = lib.Rf_xlength(raw)
            text = bytes(ffi.buffer(lib.RAW(raw), n)).decode()
        missing = _from_vector(functions.call("is.na", vector), name, functions)
        values = pa.array(text.split("\0")[:-1], pa.string())
        return pc.if_else(missing, pa.scalar(None, pa.string()), values)
    except UnicodeDecodeError as e:
        raise OutputViolation(f"The model's column {name!r} holds text that is not UTF-8.") from e


def texts_of(vector: Sexp) -> list[str | None]:
    """The texts of a character vector, NA as None; NULL gives an empty list."""
    if vector == lib.R_NilValue:
        return []
    found: list[str | None] = []
    for i in range(lib.Rf_xlength(vector)):
        char = lib.STRING_ELT(vector, i)
        if char == lib.R_NaString:
            found.append(None)
        else:
            found.append(ffi.string(lib.R_CHAR(char)).decode())
    return found


def element(items: Sexp, name: str) -> Sexp | None:
    """The element of an R list with this name, or None."""
    names = texts_of(lib.Rf_getAttrib(items, symbol("names")))
    return lib.VECTOR_ELT(items, names.index(name)) if name in names else None
