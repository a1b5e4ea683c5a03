"""Whatever comes in another protocol's words is read, or refused with a code."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.errors import Internal, ModelyardError
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
