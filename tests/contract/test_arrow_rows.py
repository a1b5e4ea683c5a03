"""Rows as other programs' Arrow writes them."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from modelyard.contract import check_inputs
from modelyard.errors import InvalidValue, NullNotAllowed, TooLarge
from modelyard.runtime.arrow import read_arrow, write_arrow
from modelyard.signature import Column

NA = np.array([0x7FF00000000007A2, 0xFFF80000000007A2], np.uint64).view(np.float64)


def test_a_nan_that_r_takes_for_na_is_a_missing_value() -> None:
    rows = pa.table({"x": pa.chunked_array([[1.0], np.append(NA, np.nan)])})
    found = check_inputs(rows, [Column("x", "double")]).table["x"]
    assert found.is_null().to_pylist() == [False, True, True, False]
    assert np.isnan(found[3].as_py())


def test_a_nan_that_r_takes_for_na_is_refused_where_nothing_may_be_missing() -> None:
    with pytest.raises(NullNotAllowed):
        check_inputs(pa.table({"x": NA}), [Column("x", "double", nullable=False)])


def test_a_nan_that_r_takes_for_na_is_a_missing_integer() -> None:
    rows = pa.table({"x": np.append(NA, 3.0)})
    found = check_inputs(rows, [Column("x", "integer")]).table["x"]
    assert found.to_pylist() == [None, None, 3]


@pytest.mark.parametrize("kind", ["string", "factor"])
def test_a_dictionary_of_string_views_is_text(kind: str) -> None:
    levels = pa.array(["b", "a"], pa.string_view())
    rows = pa.table({"x": pa.DictionaryArray.from_arrays(pa.array([0, None, 1]), levels)})
    found = check_inputs(rows, [Column("x", kind, levels=("a", "b"))]).table["x"]
    assert found.cast(pa.string()).to_pylist() == ["b", None, "a"]


def test_the_first_instant_an_int64_can_count_is_out_of_range() -> None:
    rows = pa.table({"x": pa.array([0, -(2**63)], pa.timestamp("us", "UTC"))})
    with pytest.raises(InvalidValue, match="row 2"):
        check_inputs(rows, [Column("x", "timestamp", tz="UTC")])


def test_a_day_too_far_away_to_be_counted_is_refused_with_its_row() -> None:
    far = pa.array([0, None, 86_400_000 * 2**32], pa.int64()).cast(pa.date64())
    with pytest.raises(InvalidValue, match="row 3"):
        check_inputs(pa.table({"x": far}), [Column("x", "date")])


def test_rows_of_columns_without_bytes_are_counted_against_the_limit() -> None:
    body = write_arrow(pa.table({"x": pa.nulls(1000)}))
    assert read_arrow(body, 8000).num_rows == 1000
    with pytest.raises(TooLarge):
        read_arrow(body, 7999)


def test_decimals_without_their_last_digits_are_whole_numbers() -> None:
    rows = pa.table({"x": pa.array([Decimal("1200"), Decimal("1E+3")], pa.decimal128(10, -2))})
    found = check_inputs(rows, [Column("x", "integer")]).table["x"]
    assert found.to_pylist() == [1200, 1000]
