"""Rows from Arrow into R, by copying whole buffers.

Only a worker process imports this. Null in Arrow is NA in R, and NaN stays NaN. Rows come in
checked against a contract.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.cffi import ffi as arrow_ffi

from modelyard.contract.instants import instants_to_seconds
from modelyard.contract.missing import NA_INTEGER, NA_REAL_BITS
from modelyard.errors import InvalidValue
from modelyard.runtime.r.codes import INTEGER, LIST, LOGICAL, REAL
from modelyard.runtime.r.session import Call, Functions, Sexp, ffi, lib, protected, symbol
from modelyard.runtime.r.values import raw_vector, texts

SMALL = 200
"""Up to so many texts a loop over them is quickest (docs/reference/performance.md)."""

Writer = Callable[[pa.Array], Sexp]

_PLAIN = {pa.float64(): (REAL, 8), pa.int32(): (INTEGER, 4)}
"""Arrow types whose buffer is R's, with the width of a value."""


class FrameWriter:
    """Makes R data frames. What frames of one schema share is made once, and kept.

    What is kept is copied into each frame: a model that changes its input in place, as
    data.table's functions do, changes nothing for the next request.
    """

    def __init__(self, functions: Functions) -> None:
        self._functions = functions
        self._schema: pa.Schema | None = None
        self._template = lib.R_NilValue
        self._columns: list[tuple[int, int, Writer]] = []
        self._exported = arrow_ffi.new("struct ArrowArray *")
        self._exported_at = int(arrow_ffi.cast("uintptr_t", self._exported))
        self._row_names = symbol("row.names")

    def write(self, rows: pa.Table) -> Sexp:
        """An R data frame of these rows; the result is not protected.

        Raises:
            InvalidValue: a text holds a NUL.
        """
        if self._schema is None or not rows.schema.equals(self._schema):
            self._prepare(rows.schema)
        batches = rows.to_batches()
        batch = batches[0] if len(batches) == 1 else _one_batch(rows)
        frame = lib.Rf_protect(lib.Rf_duplicate(self._template))
        try:
            self._fill(frame, batch)
            numbers = lib.Rf_protect(lib.Rf_allocVector(INTEGER, 2))
            data = lib.INTEGER(numbers)
            data[0], data[1] = NA_INTEGER, -batch.num_rows
            lib.Rf_setAttrib(frame, self._row_names, numbers)
            lib.Rf_unprotect(1)
        finally:
            lib.Rf_unprotect(1)
        return frame

    def _fill(self, frame: Sexp, batch: pa.RecordBatch) -> None:
        """Set the columns. Arrow's C interface tells where all buffers are in one call."""
        batch._export_to_c(self._exported_at)
        exported = self._exported
        try:
            n = exported.length
            for i, (kind, width, writer) in enumerate(self._columns):
                array = exported.children[i]
                if kind and n and array.null_count == 0 and exported.offset == 0:
                    vector = lib.Rf_allocVector(kind, n)
                    source = ffi.cast("char *", array.buffers[1]) + array.offset * width
                    ffi.memmove(lib.DATAPTR(vector), source, n * width)
                else:
                    vector = writer(batch.column(i))
                lib.SET_VECTOR_ELT(frame, i, vector)
        finally:
            exported.release(exported)

    def _prepare(self, schema: pa.Schema) -> None:
        columns = [
            (*_PLAIN.get(field.type, (0, 0)), _writer(field.type, self._functions))
            for field in schema
        ]
        frame = lib.Rf_protect(lib.Rf_allocVector(LIST, len(columns)))
        _set(frame, "names", schema.names)
        _set(frame, "class", ["data.frame"])
        self._template = _kept(frame, self._template)
        lib.Rf_unprotect(1)
        self._schema, self._columns = schema, columns


def _one_batch(rows: pa.Table) -> pa.RecordBatch:
    columns = [column.combine_chunks() for column in rows.columns]
    return pa.RecordBatch.from_arrays(columns, schema=rows.schema)


def _kept(new: Sexp, old: Sexp) -> Sexp:
    """``new``, kept from R's collector from now on instead of ``old``."""
    lib.R_PreserveObject(new)
    if old != lib.R_NilValue:
        lib.R_ReleaseObject(old)
    return new


def _writer(t: pa.DataType, functions: Functions) -> Writer:
    if pa.types.is_float64(t):
        return _real
    if pa.types.is_int32(t):
        return _integer
    if pa.types.is_boolean(t):
        return _logical
    if pa.types.is_string(t):
        return _Texts(functions)
    if pa.types.is_dictionary(t):
        return _Factors(ordered=t.ordered)
    if pa.types.is_date32(t):
        return _date
    if pa.types.is_timestamp(t):
        return _Times(t.tz or "UTC")
    raise TypeError(f"no R form for {t}")


def _real(values: pa.Array) -> Sexp:
    vector = _copied(REAL, values, 8)
    if values.null_count:
        _view(vector, np.uint64)[_nulls(values)] = NA_REAL_BITS
    return vector


def _integer(values: pa.Array) -> Sexp:
    vector = _copied(INTEGER, values, 4)
    if values.null_count:
        _view(vector, np.int32)[_nulls(values)] = NA_INTEGER
    return vector


def _copied(kind: int, values: pa.Array, width: int) -> Sexp:
    """A vector of the bytes of these values, whatever they are where a value is null."""
    n = len(values)
    vector = lib.Rf_allocVector(kind, n)
    data = values.buffers()[1]
    if n and data is not None:
        source = ffi.cast("char *", data.address + values.offset * width)
        ffi.memmove(lib.DATAPTR(vector), source, n * width)
    return vector


def _logical(values: pa.Array) -> Sexp:
    n = len(values)
    vector = lib.Rf_allocVector(LOGICAL, n)
    data = values.buffers()[1]
    if n and data is not None:
        bits = np.frombuffer(data, np.uint8)
        offset = values.offset
        flags = np.unpackbits(bits, count=offset + n, bitorder="little")[offset:]
        _view(vector, np.int32)[:] = flags
    if values.null_count:
        _view(vector, np.int32)[_nulls(values)] = NA_INTEGER
    return vector


def _date(values: pa.Array) -> Sexp:
    with protected(vector := _real(values.cast(pa.int32()).cast(pa.float64()))):
        _set(vector, "class", ["Date"])
    return vector


class _Times:
    """Instants as R's seconds, shown in one zone."""

    def __init__(self, zone: str) -> None:
        self._zone = zone

    def __call__(self, values: pa.Array) -> Sexp:
        counts = values.cast(pa.int64()).fill_null(0).to_numpy()
        with protected(vector := lib.Rf_allocVector(REAL, len(values))):
            if len(values):
                _view(vector, np.float64)[:] = instants_to_seconds(counts)
            if values.null_count:
                _view(vector, np.uint64)[_nulls(values)] = NA_REAL_BITS
            _set(vector, "class", ["POSIXct", "POSIXt"])
            _set(vector, "tzone", [self._zone])
        return vector


class _Factors:
    """Codes with levels, which are made again only when they are others than the last ones."""

    def __init__(self, *, ordered: bool) -> None:
        self._classes = ["ordered", "factor"] if ordered else ["factor"]
        self._dictionary: pa.Array | None = None
        self._levels = lib.R_NilValue

    def __call__(self, values: pa.DictionaryArray) -> Sexp:
        dictionary = values.dictionary
        if self._dictionary is None or not dictionary.equals(self._dictionary):
            self._levels = _kept(texts(dictionary.to_pylist()), self._levels)
            self._dictionary = dictionary
        with protected(codes := _codes(values)):
            with protected(levels := lib.Rf_duplicate(self._levels)):
                lib.Rf_setAttrib(codes, symbol("levels"), levels)
            _set(codes, "class", self._classes)
        return codes


def _codes(values: pa.DictionaryArray) -> Sexp:
    """Codes from 1, as R counts them."""
    return _integer(pc.add(values.indices, 1).cast(pa.int32()))


class _Texts:
    """Texts in bulk: codes into the distinct ones, or one block of bytes with NUL between them."""

    def __init__(self, functions: Functions) -> None:
        self._of_codes = Call(functions, "text_of_codes", 2)
        self._of_raw = Call(functions, "text_of_raw", 3)

    def __call__(self, values: pa.Array) -> Sexp:
        n = len(values)
        if n <= SMALL:
            return _checked_texts(values.to_pylist())
        coded = values.dictionary_encode()
        if len(coded.dictionary) < n // 10:
            with protected(levels := _checked_texts(coded.dictionary.to_pylist())):
                return self._of_codes(levels, _codes(coded))
        missing = np.flatnonzero(_nulls(values)) if values.null_count else np.empty(0)
        ended = pc.binary_join_element_wise(values.fill_null(""), "", "\0")
        offsets = np.frombuffer(ended.buffers()[1], np.int32, n + 1, ended.offset * 4)
        data = ended.buffers()[2].slice(offsets[0], offsets[-1] - offsets[0])
        if np.count_nonzero(np.frombuffer(data, np.uint8) == 0) != n:
            raise _nul()
        with (
            protected(raw := raw_vector(memoryview(data))),
            protected(count := lib.Rf_ScalarInteger(n)),
        ):
            return self._of_raw(raw, count, _integer(pa.array(missing + 1, pa.int32())))


def _checked_texts(values: Sequence[str | None]) -> Sexp:
    try:
        return texts(values)
    except ValueError:
        raise _nul() from None


def _nul() -> InvalidValue:
    return InvalidValue("A text holds the character NUL, which R's texts cannot.")


def _set(vector: Sexp, name: str, values: Sequence[str]) -> None:
    # Rf_setAttrib, not a slot: only it sets the bit that makes R see an object.
    with protected(value := texts(values)):
        lib.Rf_setAttrib(vector, symbol(name), value)


def _view(vector: Sexp, t: type[np.generic]) -> npt.NDArray[np.generic]:
    """The numbers of a vector, to be written."""
    size = lib.Rf_xlength(vector) * np.dtype(t).itemsize
    return np.frombuffer(ffi.buffer(lib.DATAPTR(vector), size), dtype=t)


def _nulls(values: pa.Array) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = values.is_null().to_numpy(zero_copy_only=False)
    return found
