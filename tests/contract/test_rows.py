"""Rows before a model: exact, or refused with column, row and reason."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.contract import check_inputs
from modelyard.errors import Invalid, NullNotAllowed, TooLarge, all_errors
from modelyard.signature import Column

WT, CYL = Column("wt", "double"), Column("cyl", "integer")


def checked(values: Any, column: Column) -> list[Any]:
    given_ = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
    table = check_inputs(pa.table({column.name: given_}), [column]).table
    assert table.schema.types == [column.arrow_type]
    return table.column(0).to_pylist()


def refused(values: Any, column: Column, code: str) -> Invalid:
    with pytest.raises(all_errors()[code]) as caught:
        checked(values, column)
    assert caught.value.code == code
    assert {d.column for d in caught.value.details} == {column.name}
    return caught.value


def test_columns_of_their_type_are_not_copied() -> None:
    column = pa.array([1.0, math.nan, None, -0.0])
    table = check_inputs(pa.table({"wt": column}), [WT]).table
    assert table.column(0).chunk(0).buffers()[1].address == column.buffers()[1].address


def test_order_is_the_signatures_and_extra_columns_are_left_out() -> None:
    rows = pa.table({"id": ["a"], "cyl": [4], "wt": [2.5]})
    assert check_inputs(rows, [WT, CYL]).table.to_pylist() == [{"wt": 2.5, "cyl": 4}]


def test_a_unique_match_without_case_is_used_and_noted() -> None:
    found = check_inputs(pa.table({"WT": [2.5], "cyl": [4]}), [WT, CYL])
    assert found.table.column_names == ["wt", "cyl"]
    assert found.notes == ("Column WT was used for wt.",)


def test_an_exact_name_wins_over_one_without_case() -> None:
    found = check_inputs(pa.table({"WT": [1.0], "wt": [2.0]}), [WT])
    assert found.table.to_pylist() == [{"wt": 2.0}]
    assert found.notes == ()


def test_a_match_without_case_that_is_not_unique_is_refused() -> None:
    error = refused_rows({"WT": [1.0], "Wt": [2.0]}, [WT], "missing_column")
    assert "WT, Wt" in error.details[0].reason


def test_one_column_is_not_used_for_two() -> None:
    columns = [Column("x", "double"), Column("X", "double")]
    assert check_inputs(pa.table({"X": [1.0], "x": [2.0]}), columns).table.to_pylist() == [
        {"x": 2.0, "X": 1.0}
    ]
    refused_rows({"X": [1.0]}, columns, "missing_column")


def refused_rows(rows: Any, columns: list[Column], code: str, **options: Any) -> Invalid:
    table = rows if isinstance(rows, pa.Table) else pa.table(rows)
    with pytest.raises(Invalid) as caught:
        check_inputs(table, columns, **options)
    assert caught.value.code == code
    return caught.value


def test_strict_refuses_another_case_and_extra_columns() -> None:
    error = refused_rows({"WT": [1.0], "cyl": [4]}, [WT, CYL], "missing_column", strict=True)
    assert [d.column for d in error.details] == ["wt", "WT"]
    refused_rows({"wt": [1.0], "z": [4]}, [WT], "unexpected_column", strict=True)


def test_all_missing_columns_are_named_with_those_not_used() -> None:
    columns = [WT, CYL, Column("disp", "double")]
    error = refused_rows({"wt": [1.0], "horse": [1.0]}, columns, "missing_column")
    assert error.message == "The rows do not fit the signature: missing 2 columns cyl, disp."
    assert error.hint == "Columns not used: horse."


def test_a_column_that_is_there_twice_is_refused() -> None:
    rows = pa.Table.from_arrays([pa.array([1.0]), pa.array([2.0])], names=["wt", "wt"])
    assert refused_rows(rows, [WT], "duplicate_column").details[0].column == "wt"


def test_too_many_columns_are_refused() -> None:
    with pytest.raises(TooLarge):
        check_inputs(pa.table({"wt": [1.0], "a": [1]}), [WT], max_columns=1)


def test_ten_thousand_columns_pass() -> None:
    columns = [Column(f"x{i}", "double") for i in range(10_000)]
    rows = pa.table({c.name: [float(i)] for i, c in enumerate(columns)})
    assert check_inputs(rows.select(rows.column_names[::-1]), columns).table.equals(rows)


def test_all_problems_are_told_and_twenty_are_shown() -> None:
    rows = pa.table({"wt": [2**53 + 1] * 30, "cyl": [4.5] * 30})
    error = refused_rows(rows, [WT, CYL], "precision_loss")
    assert len(error.details) == 20
    assert error.details[0].row == 1
    assert "(59 more problems)" in error.message


def test_problems_of_several_columns_are_told_together() -> None:
    error = refused_rows(
        {"cyl": [4, 5], "wt": [True, False]}, [WT, CYL, Column("z", "date")], "missing_column"
    )
    assert [d.column for d in error.details] == ["z", "wt"]


@pytest.mark.parametrize(
    "given_", [[1, 2**53, -(2**53), None], pa.array([1, 255, None], pa.uint8())]
)
def test_integers_that_a_double_holds_become_doubles(given_: Any) -> None:
    values = given_ if isinstance(given_, list) else given_.to_pylist()
    assert checked(given_, WT) == values


def test_an_integer_that_a_double_rounds_is_refused() -> None:
    assert refused([1, 2**53 + 1], WT, "precision_loss").details[0].row == 2
    refused(pa.array([2**64 - 1], pa.uint64()), WT, "precision_loss")


def test_half_precision_floats_become_doubles() -> None:
    assert checked(pa.array([0.1], pa.float32()), WT) == [float(np.float32(0.1))]


def test_decimals_are_taken_when_the_doubles_text_is_the_same() -> None:
    assert checked(pa.array([Decimal("2.45"), None]), WT) == [2.45, None]
    refused(pa.array([Decimal("0.1234567890123456789")]), WT, "precision_loss")
    assert checked(pa.array([Decimal("4.00")]), CYL) == [4]
    refused(pa.array([Decimal("4.50")]), CYL, "type_mismatch")


def test_whole_doubles_become_integers() -> None:
    assert checked([4.0, None, -0.0, 2147483647.0], CYL) == [4, None, 0, 2147483647]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (4.5, "type_mismatch"),
        (math.nan, "type_mismatch"),
        (math.inf, "type_mismatch"),
        (3e9, "integer_out_of_range"),
        (-2147483648.0, "integer_out_of_range"),
        (-2147483648, "integer_out_of_range"),
        (2**31, "integer_out_of_range"),
    ],
)
def test_what_is_no_integer_of_rs_is_refused(value: float, code: str) -> None:
    error = refused([value] if isinstance(value, int) else [1.0, value], CYL, code)
    assert error.details[0].row == (1 if isinstance(value, int) else 2)


def test_the_integer_that_is_rs_na_is_refused_in_32_bits_too() -> None:
    refused(pa.array([-(2**31)], pa.int32()), CYL, "integer_out_of_range")


@pytest.mark.parametrize(
    ("values", "column"),
    [
        (["1"], WT),
        (["NA", "x"], CYL),
        ([True], WT),
        ([False], CYL),
        ([1], Column("b", "boolean")),
        (["true"], Column("b", "boolean")),
        ([1.5], Column("s", "string")),
        ([1], Column("f", "factor", levels=("1",))),
        ([True], Column("f", "factor", levels=("TRUE",))),
        ([1], Column("d", "date")),
        (pa.array([0], pa.timestamp("us")), Column("d", "date")),
        (pa.array([0], pa.date32()), Column("t", "timestamp")),
        ([[1.0]], WT),
        ([{"a": 1}], WT),
        ([b"1"], Column("s", "string")),
    ],
)
def test_values_of_another_kind_are_a_type_mismatch(values: Any, column: Column) -> None:
    refused(values, column, "type_mismatch")


@pytest.mark.parametrize("kind", ["double", "integer", "boolean"])
def test_text_that_says_na_throughout_is_missing(kind: Any) -> None:
    assert checked(["NA", None, "NA"], Column("x", kind)) == [None, None, None]


def test_the_text_na_stays_text_in_a_string_column() -> None:
    assert checked(["NA", None], Column("s", "string")) == ["NA", None]


@pytest.mark.parametrize(
    "column",
    [
        WT,
        CYL,
        Column("s", "string"),
        Column("b", "boolean"),
        Column("f", "factor", levels=("a",)),
        Column("d", "date"),
        Column("t", "timestamp"),
    ],
)
def test_a_logical_column_of_na_is_missing_whatever_is_declared(column: Column) -> None:
    assert checked(pa.array([None, None], pa.bool_()), column) == [None, None]
    assert checked(pa.nulls(1), column) == [None]
    assert checked(pa.array([], pa.float64()), column) == []


def test_missing_values_are_refused_where_none_may_be() -> None:
    column = Column("wt", "double", nullable=False)
    error = refused([1.0, None, None], column, "null_not_allowed")
    assert [d.row for d in error.details] == [2, 3]
    assert math.isnan(checked([math.nan], column)[0])


def test_a_factor_is_rebuilt_with_the_models_levels() -> None:
    column = Column("f", "factor", levels=("c", "b", "a"), ordered=True)
    for source in (["a", None, "b"], pa.array(["a", None, "b"]).dictionary_encode()):
        rows = pa.table({"f": source})
        found = check_inputs(rows, [column]).table.column(0).combine_chunks()
        assert found.type == column.arrow_type
        assert found.dictionary.to_pylist() == ["c", "b", "a"]
        assert found.indices.to_pylist() == [2, None, 1]


def test_a_factor_in_chunks_with_different_levels_is_rebuilt() -> None:
    parts = [pa.array([v]).dictionary_encode() for v in ("a", "b")]
    assert checked(pa.chunked_array(parts), Column("f", "factor", levels=("b", "a"))) == ["a", "b"]
    assert checked(pa.chunked_array(parts), Column("f", "factor")) == ["a", "b"]


def test_an_unseen_level_is_named_and_cut() -> None:
    error = refused(["a", "z" * 200], Column("f", "factor", levels=("a",)), "unknown_level")
    assert error.details[0].row == 2
    assert "zzz..." in error.details[0].reason
    assert len(error.details[0].reason) < 100
    refused(
        pa.array(["q"]).dictionary_encode(), Column("f", "factor", levels=("a",)), "unknown_level"
    )


def test_the_levels_there_are_are_told_once_and_at_most_ten() -> None:
    error = refused(["x", "y"], Column("f", "factor", levels=("a", "b")), "unknown_level")
    assert [d.reason for d in error.details] == [
        "'x' is not a level the model knows: 'a', 'b'",
        "'y' is not a level the model knows",
    ]
    many = Column("f", "factor", levels=tuple("abcdefghijkl"))
    assert refused(["x"], many, "unknown_level").message.endswith("'j', ….")


def test_a_string_column_with_levels_takes_only_these() -> None:
    column = Column("s", "string", levels=("a", "b"))
    assert checked(["b", None], column) == ["b", None]
    refused(["c"], column, "unknown_level")


def test_a_factor_given_for_text_is_its_text() -> None:
    assert checked(pa.array(["x", None]).dictionary_encode(), Column("s", "string")) == ["x", None]


def test_dates_come_from_iso_text() -> None:
    found = checked(["2024-02-29", None, "0001-01-01"], Column("d", "date"))
    assert [str(v) for v in found] == ["2024-02-29", "None", "0001-01-01"]
    for wrong in ("2023-02-29", "2024-1-1", "2024-01-01T00:00:00Z", "today", ""):
        assert refused([None, wrong], Column("d", "date"), "invalid_value").details[0].row == 2


def instants(values: Any, tz: str) -> list[int]:
    column = Column("t", "timestamp", tz=tz)
    given_ = values if isinstance(values, pa.Array) else pa.array(values)
    table = check_inputs(pa.table({"t": given_}), [column]).table
    assert table.schema.types == [column.arrow_type]
    return table.column(0).cast(pa.int64()).to_pylist()


def test_times_are_instants_in_the_columns_zone() -> None:
    assert instants(["1970-01-01T01:00:00+01:00", "1970-01-01 01:00:00.5"], "Europe/Berlin") == [
        0,
        500_000_000,
    ]
    assert instants(pa.array([1], pa.timestamp("us", "Asia/Tokyo")), "Europe/Berlin") == [1000]
    assert instants(pa.array([3600], pa.timestamp("s")), "Europe/Berlin") == [0]
    assert instants(pa.array([3600], pa.timestamp("s")), "UTC") == [3600 * 10**9]


@pytest.mark.parametrize(
    "wrong",
    ["2024-01-01T25:00:00Z", "1600-01-01T00:00:00Z", "2024-01-01T00:00:00.0000000001Z", "noon"],
)
def test_a_time_that_is_none_is_refused(wrong: str) -> None:
    refused([wrong], Column("t", "timestamp"), "invalid_value")


def test_a_time_beyond_nanoseconds_is_refused() -> None:
    far = pa.array([0, 10**11], pa.timestamp("s", "UTC"))
    assert refused(far, Column("t", "timestamp"), "invalid_value").details[0].row == 2


def test_an_unknown_time_zone_of_the_signature_is_refused() -> None:
    refused(["2024-01-01"], Column("t", "timestamp", tz="Mars/Base"), "invalid_signature")


def test_text_that_is_not_utf8_or_has_a_nul_is_refused() -> None:
    buffers = [None, pa.py_buffer(np.array([0, 1, 2], np.int32)), pa.py_buffer(b"a\xff")]
    broken = pa.StringArray.from_buffers(2, buffers[1], buffers[2])
    assert refused(broken, Column("s", "string"), "invalid_value").details[0].row == 2
    assert refused(["a", "b\0"], Column("s", "string"), "invalid_value").details[0].row == 2


def test_a_nul_outside_the_slice_does_no_harm() -> None:
    assert checked(pa.array(["a", "b\0"]).slice(0, 1), Column("s", "string")) == ["a"]


def test_damaged_arrow_data_are_refused() -> None:
    codes = pa.array([5], pa.int32())
    beyond = pa.DictionaryArray.from_arrays(codes, pa.array(["a"]), safe=False)
    refused(beyond, Column("f", "factor", levels=("a",)), "malformed_request")


@given(st.lists(st.none() | st.floats(width=64), max_size=30))
def test_doubles_keep_their_bits(values: list[float | None]) -> None:
    found = checked(pa.array(values, pa.float64()), WT)
    assert [None if v is None else v.hex() for v in found] == [
        None if v is None else v.hex() for v in values
    ]


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=20))
def test_integers_become_exactly_that_double_or_are_refused(values: list[int | None]) -> None:
    try:
        assert checked(pa.array(values, pa.int64()), WT) == values
    except Invalid as e:
        assert e.code == "precision_loss"
        assert any(v is not None and abs(v) > 2**53 for v in values)


@pytest.mark.parametrize("kind", ["factor", "string"])
def test_an_unknown_level_is_missing_where_the_author_says_so(kind):
    column = Column("f", kind, levels=("a", "b"), unknown="as_na")
    rows = pa.table({"f": ["b", "zzz", None, "a"]})
    assert check_inputs(rows, [column]).table["f"].to_pylist() == ["b", None, None, "a"]
    assert Column.from_dict(column.to_dict()) == column
    with pytest.raises(NullNotAllowed, match="row 2"):
        check_inputs(rows, [replace(column, nullable=False)])


def test_a_column_too_many_is_not_named_in_a_hint_too():
    rows = pa.table({"x": [1.0], "more": [2.0]})
    with pytest.raises(Invalid) as refused:
        check_inputs(rows, [Column("x", "double")], strict=True)
    assert refused.value.code == "unexpected_column" and "more" in refused.value.message
    assert refused.value.hint is None
