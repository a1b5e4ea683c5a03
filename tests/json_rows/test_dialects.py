"""Whatever comes in another protocol's words is read, or refused with a code."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.errors import Internal, MalformedRequest, ModelyardError
from modelyard.json_rows import Dialect, Limits, decode_rows
from modelyard.json_rows.mlflow import MlflowCsv, MlflowJson
from modelyard.json_rows.tensors import Tensors
from modelyard.signature import Column

INPUTS = (Column("wt", "double"), Column("cyl", "integer"))
KEYS = st.sampled_from(
    ["instances", "inputs", "wt", "cyl", "name", "datatype", "shape", "data", "outputs", "id"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["wt", "cyl", "FP64", "INT32", "NaN", "NA", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from([MlflowJson(), Tensors()]), VALUES)
def test_any_json_is_rows_or_is_refused(dialect: Dialect, value: Any) -> None:
    try:
        found = decode_rows(json.dumps(value).encode(), INPUTS, dialect=dialect)
    except ModelyardError as e:
        assert not isinstance(e, Internal)
    else:
        assert found.table.column_names == ["wt", "cyl"]


@given(st.text(st.sampled_from('wtcyl,"\n\r0123456789.-+eEN \0'), max_size=60))
def test_any_csv_is_rows_or_is_refused(text: str) -> None:
    try:
        found = decode_rows(text.encode(), INPUTS, dialect=MlflowCsv())
    except ModelyardError as e:
        assert not isinstance(e, Internal)
    else:
        assert found.table.column_names == ["wt", "cyl"]


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        (MlflowJson(), b'{"inputs": {"wt": [1, 2, 3], "cyl": [1, 2, 3]}}'),
        (MlflowJson(), b'{"instances": [[1, 2], [1, 2], [1, 2]]}'),
        (MlflowCsv(), b"wt,cyl\n1,2\n1,2\n1,2\n"),
        (Tensors(), b'{"inputs": [{"name": "wt", "datatype": "FP64", "shape": [3], "data": []}]}'),
    ],
)
def test_more_rows_than_are_allowed_are_too_large(dialect: Dialect, body: bytes) -> None:
    with pytest.raises(ModelyardError) as caught:
        decode_rows(body, INPUTS, limits=Limits(rows=2), dialect=dialect)
    assert caught.value.code == "too_large"


def test_a_field_of_csv_is_the_number_it_says() -> None:
    body = b"WT,cyl\n1e3,4\n-0,6.0\n.5,\nNaN,8\n-Inf,NA\n"
    found = decode_rows(body, INPUTS, dialect=MlflowCsv())
    assert [repr(v) for v in found.table["wt"].to_pylist()] == [
        "1000.0",
        "-0.0",
        "0.5",
        "nan",
        "-inf",
    ]
    assert found.table["cyl"].to_pylist() == [4, 6, None, 8, None]
    assert "WT" in found.notes[0]


@pytest.mark.parametrize("header", ["\ufeffwt,cyl", '\ufeff"wt","cyl"', "cyl,wt", "\ufeffCYL,WT"])
def test_a_mark_that_excel_writes_before_csv_is_no_part_of_a_name(header: str) -> None:
    found = decode_rows(f"{header}\n4,4\n".encode(), INPUTS, dialect=MlflowCsv())
    assert found.table.to_pylist() == [{"wt": 4.0, "cyl": 4}]


@pytest.mark.parametrize("names", [["id", "ID"], ["ID", "id"]])
def test_columns_that_differ_by_case_alone_are_each_read_as_their_own_type(
    names: list[str],
) -> None:
    inputs = (Column("id", "double"), Column("ID", "string"))
    cells = {"id": "1.50", "ID": "007"}
    body = f"{','.join(names)}\n{','.join(cells[n] for n in names)}\n".encode()
    records = json.dumps([{"id": 1.5, "ID": "007"}]).encode()
    found = decode_rows(body, inputs, dialect=MlflowCsv())
    assert found.table == decode_rows(records, inputs).table
    assert found.notes == ()


def test_a_name_of_csv_that_only_folds_to_a_column_is_read_as_that_one_s_type() -> None:
    inputs = (Column("id", "double"), Column("ID", "string"))
    found = decode_rows(b"ID,Id\n007,1.50\n", inputs, dialect=MlflowCsv())
    assert found.table.to_pylist() == [{"id": 1.5, "ID": "007"}]
    assert found.notes == ("Column Id was used for id.",)


NUMBERS = (Column("a", "double"), Column("b", "double"), Column("c", "double"))


def tensor(shape: list[int], data: Any) -> bytes:
    return json.dumps(
        {"inputs": [{"name": "x", "datatype": "FP64", "shape": shape, "data": data}]}
    ).encode()


@pytest.mark.parametrize(
    ("width", "shape", "data", "came"),
    [
        (2, [3, 2], [[1, 2, 3], [4, 5, 6]], "data of 2 rows"),
        (2, [2, 2], [[1, 2, 3], [4]], "3 values in row 1"),
        (2, [2, 2], [[1, 2], [3, 4], []], "data of 3 rows"),
        (2, [2, 2], [[[1, 2]], [[3, 4]]], "1 values in row 1"),
        (1, [2], [[1, 2]], "1 arrays of values"),
        (1, [0], [[]], "1 arrays of values"),
        (1, [2, 1], [[], [3, 4]], "0 values in row 1"),
        (3, [2, 3], [1, 2, 3, 4], "4 values, not the product of its shape"),
    ],
)
def test_data_that_is_nested_as_the_shape_is_not_is_malformed(
    width: int, shape: list[int], data: Any, came: str
) -> None:
    with pytest.raises(MalformedRequest) as caught:
        decode_rows(tensor(shape, data), NUMBERS[:width], dialect=Tensors())
    assert caught.value.message.startswith(f"The tensor 'x' has the shape {shape}, and ")
    assert came in caught.value.message


@pytest.mark.parametrize("data", [[1, 2, 3, 4, 5, 6], [[1, 2, 3], [4, 5, 6]]])
def test_data_is_flat_or_nested_as_the_shape_is(data: Any) -> None:
    found = decode_rows(tensor([2, 3], data), NUMBERS, dialect=Tensors())
    assert found.table.to_pydict() == {"a": [1.0, 4.0], "b": [2.0, 5.0], "c": [3.0, 6.0]}
