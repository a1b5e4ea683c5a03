"""What kinds of Arrow columns there are, in the words errors use; and columns of missing values."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from modelyard.contract.problems import Problems
from modelyard.errors import TooLarge, TypeMismatch
from modelyard.signature import Column


def is_text(kind: pa.DataType) -> bool:
    """Whether values of this type are text."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def decoded(given: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """The texts of a text or factor column as ``string``, or None when it holds anything else.

    Raises:
        TooLarge: for more than 2 GiB of text in one chunk.
    """
    kind = given.type.value_type if pa.types.is_dictionary(given.type) else given.type
    if not is_text(kind):
        return None
    try:
        if pa.types.is_dictionary(given.type) and pa.types.is_string_view(kind):
            given = _with_plain_levels(given)
        return given if given.type == pa.string() else pc.cast(given, pa.string())
    except pa.ArrowInvalid as e:
        raise TooLarge("A column holds more than 2 GiB of text.") from e


def _with_plain_levels(given: pa.ChunkedArray) -> pa.ChunkedArray:
    # Arrow decodes no dictionary of string views.
    arrays = [
        pa.DictionaryArray.from_arrays(c.indices, c.dictionary.cast(pa.string()))
        for c in given.chunks
    ]
    return pa.chunked_array(arrays, pa.dictionary(given.type.index_type, pa.string()))


def all_missing(column: Column, length: int) -> pa.ChunkedArray:
    """A column of ``length`` missing values."""
    if column.type == "factor":
        codes, levels = pa.nulls(length, pa.int32()), pa.array(column.levels or (), pa.string())
        array = pa.DictionaryArray.from_arrays(codes, levels, ordered=column.ordered)
    else:
        array = pa.nulls(length, column.arrow_type)
    return pa.chunked_array([array], column.arrow_type)


def mismatch(given: pa.ChunkedArray, column: Column, problems: Problems) -> None:
    """Add that the whole column is of another type."""
    problems.add(
        TypeMismatch, f"{given_word(given.type)} given, {column.type} expected", column.name
    )


def given_word(kind: pa.DataType) -> str:
    """What an Arrow type is called in an error."""
    for is_kind, word in _WORDS:
        if is_kind(kind):
            return word
    return str(kind)


_WORDS: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_integer, "integer"),
    (pa.types.is_floating, "double"),
    (pa.types.is_dictionary, "factor"),
    (pa.types.is_date, "date"),
    (pa.types.is_timestamp, "timestamp"),
    (is_text, "text"),
)
