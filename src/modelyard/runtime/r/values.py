"""Single R values: texts, raw bytes, and lists as JSON has them. Frames are `to_r` and `from_r`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelyard.runtime.r.codes import INTEGER, LIST, LOGICAL, RAW, REAL, STRING
from modelyard.runtime.r.session import Sexp, ffi, lib, protected, symbol


def raw_vector(data: bytes | memoryview) -> Sexp:
    """A raw vector of these bytes; not protected."""
    vector = lib.Rf_allocVector(RAW, len(data))
    if len(data):
        ffi.memmove(lib.RAW(vector), data, len(data))
    return vector


def bytes_of(vector: Sexp) -> memoryview:
    """The bytes of a raw vector, where R has them: while it is protected."""
    return memoryview(ffi.buffer(lib.RAW(vector), lib.Rf_xlength(vector)))


def texts(values: Sequence[str | None]) -> Sexp:
    """A character vector, None as NA; not protected.

    Raises:
        ValueError: a text holds a NUL, which R's texts cannot.
    """
    vector = lib.Rf_protect(lib.Rf_allocVector(STRING, len(values)))
    try:
        for i, value in enumerate(values):
            if value is None:
                lib.SET_STRING_ELT(vector, i, lib.R_NaString)
                continue
            raw = value.encode()
            if b"\0" in raw:  # R would jump out of this call
                raise ValueError("a text holds the character NUL")
            lib.SET_STRING_ELT(vector, i, lib.Rf_mkCharLenCE(raw, len(raw), lib.CE_UTF8))
    finally:
        lib.Rf_unprotect(1)
    return vector


def texts_of(vector: Sexp) -> list[str | None]:
    """The texts of a character vector, NA as None; NULL gives an empty list. What is not UTF-8, as
    a warning can be, is written as \\xff."""
    if vector == lib.R_NilValue:
        return []
    found: list[str | None] = []
    for i in range(lib.Rf_xlength(vector)):
        char = lib.STRING_ELT(vector, i)
        if char == lib.R_NaString:
            found.append(None)
        else:
            found.append(ffi.string(lib.R_CHAR(char)).decode(errors="backslashreplace"))
    return found


def element(items: Sexp, name: str) -> Sexp:
    """The element of an R list with this name, or NULL."""
    names = texts_of(lib.Rf_getAttrib(items, symbol("names")))
    return lib.VECTOR_ELT(items, names.index(name)) if name in names else lib.R_NilValue


def to_list(values: Mapping[str, Any]) -> Sexp:
    """A named R list of JSON-like values: scalars, flat lists, None, nested objects."""
    vector = lib.Rf_protect(lib.Rf_allocVector(LIST, len(values)))
    for i, value in enumerate(values.values()):
        lib.SET_VECTOR_ELT(vector, i, _to_value(value))
    with protected(names := texts(list(values))):
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
        return texts(flat)
    if all(isinstance(v, bool) for v in flat):
        return _numbers(LOGICAL, "int[]", [int(v) for v in flat])
    if all(isinstance(v, int) and not isinstance(v, bool) and abs(v) < 2**31 for v in flat):
        return _numbers(INTEGER, "int[]", flat)
    return _numbers(REAL, "double[]", [float(v) for v in flat])


def _numbers(kind: int, c_type: str, numbers: Sequence[float]) -> Sexp:
    vector = lib.Rf_allocVector(kind, len(numbers))
    if numbers:
        data = ffi.new(c_type, numbers)
        ffi.memmove(lib.DATAPTR(vector), data, ffi.sizeof(data))
    return vector
