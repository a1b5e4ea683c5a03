"""Columns of text and factors: values among the levels, in the model's own order of levels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modelyard.contract.kinds import decoded, mismatch
from modelyard.contract.problems import Problems, shown
from modelyard.errors import InvalidValue, UnknownLevel
from modelyard.signature import Column

_SHOWN_LEVELS = 10


def fit_string(
    given: pa.ChunkedArray, column: Column, problems: Problems
) -> pa.ChunkedArray | None:
    """Text, a factor's text included; among the column's levels when it has some."""
    text = decoded(given)
    if text is None:
        mismatch(given, column, problems)
        return None
    if not _has_no_nul(text, column.name, problems):
        return None
    if column.levels is None:
        return text
    codes = pc.index_in(text, value_set=pa.array(column.levels, pa.string()))
    if not _no_unknown(text, codes, column, problems):
        return None
    return text if codes.null_count == text.null_count else _known_only(text, codes)


def _known_only(text: pa.ChunkedArray, codes: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.is_valid(codes), text, pa.scalar(None, pa.string()))


def _has_no_nul(text: pa.ChunkedArray, name: str, problems: Problems) -> bool:
    # The buffers may hold a NUL outside this slice, so a find is looked up among the values.
    if not any(_buffer_has_nul(chunk.buffers()[2]) for chunk in text.chunks):
        return True
    rows = [i for i, v in enumerate(text.to_pylist()) if v is not None and "\0" in v]
    problems.add_rows(name, rows, lambda _: (InvalidValue, "text with a NUL character"))
    return not rows


def _buffer_has_nul(data: pa.Buffer | None) -> bool:
    return data is not None and len(data) > 0 and not np.frombuffer(data, np.uint8).min()


def _no_unknown(
    text: pa.ChunkedArray, codes: pa.ChunkedArray, column: Column, problems: Problems
) -> bool:
    if codes.null_count == text.null_count or column.unknown == "as_na":
        return True
    rows = np.flatnonzero(pc.and_(pc.is_valid(text), pc.is_null(codes)).to_numpy())

    def judge(row: int) -> tuple[type[UnknownLevel], str]:
        reason = f"{shown(text[row].as_py())} is not a level the model knows"
        return UnknownLevel, reason + (_known(column.levels or ()) if row == rows[0] else "")

    problems.add_rows(column.name, rows, judge)
    return False


def _known(levels: Sequence[str]) -> str:
    """What is said of the levels there are, once a column."""
    told = ", ".join(map(shown, levels[:_SHOWN_LEVELS]))
    return f": {told}{', …' if len(levels) > _SHOWN_LEVELS else ''}" if levels else ""


def fit_factor(
    given: pa.ChunkedArray, column: Column, problems: Problems
) -> pa.ChunkedArray | None:
    """Rebuilt with the declared levels and order, whatever levels it came with.

    Without declared levels it keeps its own, in their order.
    """
    if column.levels is None:
        return _with_own_levels(given, column, problems)
    levels = pa.array(column.levels, pa.string())
    if pa.types.is_dictionary(given.type) and _same_levels(given, levels):
        return _rebuilt([c.indices for c in given.chunks], levels, column)
    text = decoded(given)
    if text is None:
        mismatch(given, column, problems)
        return None
    codes = pc.index_in(text, value_set=levels)
    if not _no_unknown(text, codes, column, problems):
        return None
    return _rebuilt(codes.chunks, levels, column)


def _same_levels(given: pa.ChunkedArray, levels: pa.StringArray) -> bool:
    return all(chunk.dictionary.equals(levels) for chunk in given.chunks)


def _with_own_levels(
    given: pa.ChunkedArray, column: Column, problems: Problems
) -> pa.ChunkedArray | None:
    text = decoded(given)
    if text is None:
        mismatch(given, column, problems)
        return None
    if not pa.types.is_dictionary(given.type) or not given.num_chunks:
        levels = pc.unique(text).drop_null()
    else:
        own = pa.concat_arrays([c.dictionary.cast(pa.string()) for c in given.chunks])
        levels = pc.unique(own).drop_null()
        if _same_levels(given, levels):
            return _rebuilt([c.indices for c in given.chunks], levels, column)
    return _rebuilt(pc.index_in(text, value_set=levels).chunks, levels, column)


def _rebuilt(codes: list[pa.Array], levels: pa.StringArray, column: Column) -> pa.ChunkedArray:
    arrays = [
        pa.DictionaryArray.from_arrays(c.cast(pa.int32()), levels, ordered=column.ordered)
        for c in codes
    ]
    return pa.chunked_array(arrays, column.arrow_type)
