"""JSON rows: what is read, what is refused, and that what is written reads back the same."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.errors import (
    DuplicateColumn,
    InvalidSignature,
    InvalidValue,
    MalformedRequest,
    ModelyardError,
)
from modelyard.json_rows import (
    Decoded,
    Limits,
    decode_rows,
    decode_untyped,
    encode_answer,
    encode_records,
    encode_split,
    records_of,
)
from modelyard.settings import Settings
from modelyard.signature import Column

WT, CYL = Column("wt", "double"), Column("cyl", "integer")


def decode(body: Any, *columns: Column, **options: Any) -> Decoded:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decode_rows(raw, columns or (WT, CYL), **options)


def refused(body: Any, code: str, *columns: Column, **options: Any) -> ModelyardError:
    with pytest.raises(ModelyardError) as caught:
        decode(body, *columns, **options)
    assert caught.value.code == code, caught.value
    json.dumps(caught.value.envelope(), ensure_ascii=False).encode()  # it can be sent
    return caught.value


SPLIT = {"dataframe_split": {"index": [9], "columns": ["cyl", "wt"], "data": [[4, 2.5]]}}


@pytest.mark.parametrize(
    ("body", "form", "index"),
    [
        (SPLIT, "dataframe_split", [0]),
        (SPLIT["dataframe_split"], "dataframe_split", [0]),
        ({"dataframe_records": [{"wt": 2.5, "cyl": 4}]}, "dataframe_records", [0]),
        ([{"wt": 2.5, "cyl": 4, "id": "x"}], "records", [0]),
        ({"data": [[7, 2.5, 4]]}, "data", [7]),
        ({"data": [["k", {"cyl": 4, "wt": 2.5}]]}, "data", ["k"]),
    ],
)
def test_each_form_is_read_and_only_data_echoes_its_index(body: Any, form: str, index: Any) -> None:
    found = decode(body)
    assert found.table.to_pylist() == [{"wt": 2.5, "cyl": 4}]
    assert (found.form, found.index) == (form, index)
    assert found.table.schema.types == [pa.float64(), pa.int32()]


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"data": []},
        {"dataframe_records": []},
        {"dataframe_split": {"columns": ["wt", "cyl"], "data": []}},
    ],
)
def test_no_rows_are_a_typed_table_of_none(body: Any) -> None:
    found = decode(body)
    assert found.table.num_rows == 0
    assert found.table.schema.types == [pa.float64(), pa.int32()]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b"\xff{}",
        b"{",
        b"nope",
        b"[1] x",
        b"3",
        b'"text"',
        b"{}",
        b'{"data": 1}',
        b"[1]",
        b'{"dataframe_split": []}',
        b'{"data": [], "dataframe_records": []}',
        b'{"data": [[0, 1]]}',
        b'{"data": [[0, 1, 2], {}]}',
        b'{"data": [[null, 1, 2]]}',
        b'{"dataframe_split": {"columns": ["wt", "cyl"], "data": [[1]]}}',
        b'{"dataframe_split": {"columns": [1], "data": [[1]]}}',
        b'{"data": [], "params": {"type": "response"}}',
        b"\xef\xbb\xbf[]",
    ],
)
def test_what_is_no_form_of_rows_is_malformed(body: bytes) -> None:
    refused(body, "malformed_request")


def test_empty_params_of_a_client_of_mlflow_are_none() -> None:
    assert decode({"data": [], "params": {}}).table.num_rows == 0


def test_the_text_na_and_null_are_missing_numbers() -> None:
    columns = WT, CYL, Column("b", "boolean")
    found = decode(
        [{"wt": "NA", "cyl": "NA", "b": "NA"}, {"wt": None, "cyl": None, "b": None}], *columns
    )
    assert found.table.to_pylist() == [{"wt": None, "cyl": None, "b": None}] * 2
    assert decode([{"s": "NA"}], Column("s", "string")).table.to_pylist() == [{"s": "NA"}]


def test_what_json_has_no_number_for_is_a_string_in_double_columns_only() -> None:
    found = decode([{"wt": "NaN"}, {"wt": "Inf"}, {"wt": "-Inf"}], WT).table.column(0).to_pylist()
    assert math.isnan(found[0])
    assert found[1:] == [math.inf, -math.inf]
    assert refused([{"cyl": 1}, {"cyl": "NaN"}], "type_mismatch", CYL).details[0].row == 2


@pytest.mark.parametrize("literal", ["-0.0", "-0", "-0e0"])
def test_minus_zero_keeps_its_sign(literal: str) -> None:
    (value,) = decode(b'[{"wt": %s}]' % literal.encode(), WT).table.column(0).to_pylist()
    assert math.copysign(1, value) == -1.0
    assert decode(b'[{"cyl": %s}]' % literal.encode(), CYL).table.to_pylist() == [{"cyl": 0}]


@pytest.mark.parametrize(
    ("cell", "double", "integer"),
    [
        ('"4"', "type_mismatch", "type_mismatch"),
        ("true", "type_mismatch", "type_mismatch"),
        ("[1]", "type_mismatch", "type_mismatch"),
        ('{"a": 1}', "type_mismatch", "type_mismatch"),
        ("4.5", None, "type_mismatch"),
        ("4.0", None, None),
        ("9007199254740992", None, "integer_out_of_range"),
        ("9007199254740993", "precision_loss", "integer_out_of_range"),
        ("-2147483648", None, "integer_out_of_range"),
        ("2147483647", None, None),
        ("9" * 30, "precision_loss", "integer_out_of_range"),
        ("9" * 6000, "invalid_value", "invalid_value"),
        ("1e400", "invalid_value", "invalid_value"),
        ("NaN", "invalid_value", "invalid_value"),
        ("-Infinity", "invalid_value", "invalid_value"),
    ],
)
def test_a_cell_is_exact_or_refused(cell: str, double: str | None, integer: str | None) -> None:
    for column, code in ((WT, double), (CYL, integer)):
        body = f'[{{"{column.name}": {cell}}}]'.encode()
        if code is None:
            assert decode(body, column).table.column(0).to_pylist() == [json.loads(cell)]
        else:
            refused(body, code, column)


@pytest.mark.parametrize("cell", [1, 0, "true", 1.5])
def test_a_boolean_is_true_or_false(cell: Any) -> None:
    refused([{"b": cell}], "type_mismatch", Column("b", "boolean"))


def test_a_key_that_is_twice_in_an_object_is_refused() -> None:
    refused(b'[{"wt": 1, "wt": 2, "cyl": 4}]', "duplicate_column")
    refused(
        {"dataframe_split": {"columns": ["wt", "wt"], "data": [[1, 2]]}}, "duplicate_column", WT
    )


@pytest.mark.parametrize("text", ["\\ud800", "a\\u0000b", "\\udc00x"])
def test_text_that_r_cannot_hold_is_refused(text: str) -> None:
    error = refused(
        f'[{{"s": "ok"}}, {{"s": "{text}"}}]'.encode(), "invalid_value", Column("s", "string")
    )
    assert error.details[0].row == 2
    refused(f'[{{"{text}": 1}}]'.encode(), "invalid_value", WT)
    refused(f'[{{"wt": "{text}"}}]'.encode(), "type_mismatch", WT)


def test_a_surrogate_pair_is_one_character() -> None:
    assert decode(b'[{"s": "\\ud83d\\ude00"}]', Column("s", "string")).table.to_pylist() == [
        {"s": "\U0001f600"}
    ]


@pytest.mark.parametrize(
    "body", [b"[" * 17 + b"]" * 17, b"[" * 200_000, b'{"a":' * 5000 + b"1" + b"}" * 5000]
)
def test_nesting_is_bounded(body: bytes) -> None:
    refused(body, "too_large")


def test_limits_are_kept() -> None:
    rows = [{"wt": 1.0, "cyl": 4}] * 3
    refused(rows, "too_large", limits=Limits(rows=2))
    refused(rows, "too_large", limits=Limits(size_bytes=10))
    refused(rows, "too_large", limits=Limits(columns=1))
    assert decode(rows, limits=Limits(rows=3, columns=2)).table.num_rows == 3
    assert Limits.of(Settings(max_json_rows=7)).rows == 7


def test_a_record_without_a_column_is_named_by_its_row() -> None:
    error = refused([{"wt": 1, "cyl": 4}, {"wt": 1}], "missing_column")
    assert (error.details[0].column, error.details[0].row) == ("cyl", 2)


def test_names_match_without_case_with_a_note() -> None:
    assert decode([{"WT": 1, "Cyl": 4}]).notes == (
        "Column WT was used for wt.",
        "Column Cyl was used for cyl.",
    )
    refused([{"WT": 1, "cyl": 4}], "missing_column", strict=True)
    refused([{"wt": 1, "cyl": 4, "id": 1}], "unexpected_column", strict=True)


def test_factors_dates_and_times_come_as_text() -> None:
    columns = (
        Column("f", "factor", levels=("b", "a")),
        Column("d", "date"),
        Column("t", "timestamp", tz="Europe/Berlin"),
    )
    body = [{"f": "a", "d": "2024-02-29", "t": "2024-07-01 12:00:00.25"}]
    table = decode(body, *columns).table
    assert table.schema.types == [c.arrow_type for c in columns]
    assert json.loads(encode_records(table)) == [
        {"f": "a", "d": "2024-02-29", "t": "2024-07-01T12:00:00.25+02:00"}
    ]
    refused([{"f": 1, "d": "2024-02-29", "t": "2024-07-01"}], "type_mismatch", *columns)
    refused([{"f": "z", "d": "2024-02-29", "t": "2024-07-01"}], "unknown_level", *columns)


def test_rows_without_a_signature_take_their_cells_types() -> None:
    table = decode_untyped(
        b'[{"i": 1, "d": 1.5, "s": "x", "b": true, "n": null, "big": 3000000000},'
        b' {"i": "NA", "d": "NaN", "s": "NA", "b": "NA", "n": null, "big": 1}]'
    )
    kinds = [pa.int32(), pa.float64(), pa.string(), pa.bool_(), pa.bool_(), pa.float64()]
    assert table.schema.types == kinds
    assert table.column("s").to_pylist() == ["x", "NA"]
    assert table.column("i").to_pylist() == [1, None]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'[{"a": 1}, {"a": "x"}]', "type_mismatch"),
        (b'[{"a": [1]}]', "type_mismatch"),
        (b'{"data": [[0, 1]]}', "malformed_request"),
        (b'[{"a": 1}, {}]', "missing_column"),
        (b'[{"a": 1e999}]', "invalid_value"),
        (b'[{"a": true}, {"a": 1}]', "type_mismatch"),
    ],
)
def test_rows_without_a_signature_are_exact_or_refused(body: bytes, code: str) -> None:
    with pytest.raises(ModelyardError) as caught:
        decode_untyped(body)
    assert caught.value.code == code


def test_no_rows_without_a_signature_are_no_columns() -> None:
    assert decode_untyped(b"[]").num_columns == 0


@pytest.mark.parametrize("number", ["true", "null", "[0]", "1e999"])
def test_a_row_is_numbered_with_a_number_or_a_text(number: str) -> None:
    with pytest.raises(MalformedRequest):
        decode(f'{{"data": [[{number}, 1.5]]}}'.encode(), WT)


def test_an_answer_has_the_form_clients_read() -> None:
    table = pa.table({"prediction": [-0.0, None, math.nan, -math.inf, 1e22]})
    assert encode_answer("", [0, "k", 2, 3, 4], records_of(table)) == (
        b'{"data":[[0,{"prediction":-0.0}],["k",{"prediction":null}],'
        b'[2,{"prediction":"NaN"}],[3,{"prediction":"-Inf"}],[4,{"prediction":1e22}]]}'
    )
    assert (
        encode_split(pa.table({"a": [1], "b": ["x"]}))
        == b'{"index":[0],"columns":["a","b"],"data":[[1,"x"]]}'
    )
    assert encode_records(pa.table({"a": pa.array([], pa.int32())})) == b"[]"
    assert encode_answer("records", [0], [{"a": 1}]) == b'[{"a":1}]'


def test_what_cannot_be_written_is_refused() -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    with pytest.raises(DuplicateColumn):
        encode_records(twice)
    with pytest.raises(InvalidSignature):
        encode_split(pa.table({"a": [[1]]}))


def bits(values: list[float | None]) -> list[bytes | None]:
    return [None if v is None else b"NaN" if v != v else struct.pack("<d", v) for v in values]


@given(st.lists(st.none() | st.floats(width=64), max_size=20))
def test_doubles_read_back_bit_for_bit(values: list[float | None]) -> None:
    table = pa.table({"wt": pa.array(values, pa.float64())})
    body = encode_answer("", range(len(values)), records_of(table))
    assert bits(decode(body, WT).table.column(0).to_pylist()) == bits(values)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "i": st.none() | st.integers(-(2**31) + 1, 2**31 - 1),
                "b": st.none() | st.booleans(),
                "s": st.none() | st.text(st.characters(exclude_characters="\0", codec="utf-8")),
                "t": st.none() | st.integers(-(2**62), 2**62),
                "d": st.none() | st.dates(),
            }
        ),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"]),
)
def test_all_other_types_read_back_as_they_were(rows: list[dict[str, Any]], tz: str) -> None:
    columns = [
        Column("i", "integer"),
        Column("b", "boolean"),
        Column("s", "string"),
        Column("t", "timestamp", tz=tz),
        Column("d", "date"),
    ]
    table = pa.table({c.name: pa.array([r[c.name] for r in rows], c.arrow_type) for c in columns})
    assert decode(encode_records(table), *columns).table.equals(table)
    assert decode(encode_split(table), *columns).table.equals(table)


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
        lambda s: (
            st.lists(s, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["data", "columns", "dataframe_split", "dataframe_records", "wt", "cyl"]
                ),
                s,
                max_size=3,
            )
        ),
    ).map(lambda v: json.dumps(v).encode())
)
def test_any_body_is_rows_or_one_of_our_errors(body: bytes) -> None:
    for read in (lambda b: decode_rows(b, [WT, CYL]), decode_untyped):
        try:
            read(body)
        except ModelyardError as e:
            json.dumps(e.envelope(), ensure_ascii=False).encode()


def test_a_date_that_json_cannot_hold_is_refused() -> None:
    table = pa.table({"d": pa.array([0, 10**9], pa.int32()).cast(pa.date32())})
    assert records_of(table.slice(0, 1)) == [{"d": "1970-01-01"}]
    with pytest.raises(InvalidValue, match="outside the years 1 to 9999"):
        records_of(table)
