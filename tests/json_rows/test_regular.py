"""Plain rows are what decode_rows makes of them, and what is not plain is left to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.errors import Invalid
from modelyard.json_rows import decode_rows
from modelyard.json_rows.regular import PlainRows
from modelyard.signature import Column

INPUTS = (
    Column("x", "double"),
    Column("n", "integer", nullable=False),
    Column("b", "boolean"),
    Column("s", "string"),
    Column("k", "string", levels=("low", "high")),
    Column("f", "factor", levels=("a", "b", "ü"), ordered=True),
)
NAMES = [c.name for c in INPUTS]
PLAIN = PlainRows(INPUTS)
ROW = [1.5, 2, True, "text", "low", "ü"]

numbers = st.one_of(st.floats(allow_nan=False), st.integers(-(2**60), 2**60), st.just(1e400))
cells = st.one_of(
    numbers,
    st.none(),
    st.booleans(),
    st.text(max_size=3),
    st.sampled_from(["NA", "NaN", "Inf", "low", "high", "a", "b", "ü", "\0", "é"]),
)
rows = st.lists(
    st.tuples(
        *(st.one_of(st.just(v), st.none(), cells) if i else st.one_of(numbers, cells)
          for i, v in enumerate(ROW))
    ),
    min_size=1,
    max_size=4,
)  # fmt: skip


def bodies(found: list[Any]) -> dict[str, Any]:
    records = [dict(zip(NAMES, row, strict=True)) for row in found]
    return {
        "dataframe_split": {"dataframe_split": {"columns": NAMES, "data": found}},
        "data": {"data": [[i + 7, *row] for i, row in enumerate(found)]},
        "dataframe_records": {"dataframe_records": records},
        "records": records,
    }


@settings(max_examples=500)
@given(rows)
def test_plain_rows_are_what_decode_rows_makes_of_them(found):
    for form, value in bodies([list(row) for row in found]).items():
        body = json.dumps(value).replace("Infinity", "1e400").encode()
        plain = PLAIN.read(json.loads(body), 100)
        if plain is None:
            continue
        decoded = decode_rows(body, INPUTS)
        assert PLAIN.table([plain]).equals(decoded.table)
        assert (list(plain.index), plain.form) == (decoded.index, form)


@pytest.mark.parametrize("form", ["dataframe_split", "data", "dataframe_records", "records"])
def test_the_usual_request_is_plain(form):
    found = [ROW, [2, -7, None, None, None, None]]
    plain = PLAIN.read(bodies(found)[form], 100)
    assert plain is not None
    assert plain.count == 2


@pytest.mark.parametrize(
    ("at", "cell"),
    [
        (0, True), (0, "1"), (0, 2**53 + 1), (0, float("inf")), (1, None), (1, 1.0), (1, 2**31),
        (2, 1), (3, 1), (3, "é"), (3, "\0"), (4, "middle"), (5, "c"), (5, 1), (0, []), (3, {}),
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_alone(at, cell):
    row = list(ROW)
    row[at] = cell
    assert all(PLAIN.read(value, 100) is None for value in bodies([row]).values())


@pytest.mark.parametrize(
    "value",
    [
        None, 1, "data", [], {}, [[]], [{}], {"data": []}, {"data": {}}, {"data": [[0]]},
        {"data": [["0", *ROW]]}, {"data": [[True, *ROW]]}, {"data": [[0, *ROW, 1]]},
        {"data": [[0, *ROW]], "more": 1}, {"dataframe_split": []}, {"dataframe_split": {}},
        {"dataframe_split": {"columns": NAMES[::-1], "data": [ROW]}},
        {"dataframe_split": {"columns": NAMES, "data": None}}, {"dataframe_records": {}},
        [{**dict(zip(NAMES, ROW, strict=True)), "more": 1}], {"other": [ROW]},
    ],
)  # fmt: skip
def test_other_shapes_are_left_alone(value):
    assert PLAIN.read(value, 100) is None


def test_more_rows_than_allowed_are_left_to_be_refused():
    assert all(PLAIN.read(value, 2) is None for value in bodies([ROW] * 3).values())


def test_rows_of_several_requests_are_one_table():
    one, two = ({"data": [[0, *ROW]]}, {"data": [[5, *ROW], [6, *ROW]]})
    joined = PLAIN.table([PLAIN.read(one, 9), PLAIN.read(two, 9)])
    assert joined.num_rows == 3
    assert joined.slice(1, 1).equals(PLAIN.table([PLAIN.read(one, 9)]))


def test_a_factor_without_levels_is_never_plain():
    inputs = (Column("f", "factor"),)
    assert PlainRows(inputs).read({"data": [[0, "a"]]}, 9) is None
    with pytest.raises(Invalid):
        decode_rows(b'{"data": [[0, 1]]}', inputs)
