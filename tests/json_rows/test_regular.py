"""Plain rows are what decode_rows makes of them, and what is not plain is left to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.errors import Invalid
from modelyard.json_rows import Limits, decode_rows
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


LIMITS = Limits(rows=100)


def written(value: Any) -> bytes:
    """As most clients write it: text as it is, in UTF-8."""
    return json.dumps(value, ensure_ascii=False).replace("Infinity", "1e400").encode()


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
        body = written(value)
        plain = PLAIN.read(body, LIMITS)
        if plain is None:
            continue
        decoded = decode_rows(body, INPUTS)
        assert PLAIN.table([plain]).equals(decoded.table)
        assert (list(plain.index), plain.form) == (decoded.index, form)


@pytest.mark.parametrize("form", ["dataframe_split", "data", "dataframe_records", "records"])
def test_the_usual_request_is_plain(form):
    found = [ROW, [2, -7, None, None, None, None]]
    plain = PLAIN.read(written(bodies(found)[form]), LIMITS)
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
    assert all(PLAIN.read(written(b), LIMITS) is None for b in bodies([row]).values())


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
    assert PLAIN.read(written(value), LIMITS) is None


def test_more_rows_than_allowed_are_left_to_be_refused():
    few = Limits(rows=2)
    assert all(PLAIN.read(written(b), few) is None for b in bodies([ROW] * 3).values())


def test_rows_of_several_requests_are_one_table():
    one, two = ({"data": [[0, *ROW]]}, {"data": [[5, *ROW], [6, *ROW]]})
    plain = [PLAIN.read(written(body), LIMITS) for body in (one, two)]
    joined = PLAIN.table(plain)
    assert joined.num_rows == 3
    assert joined.slice(1, 1).equals(PLAIN.table(plain[:1]))


def test_a_factor_without_levels_is_never_plain():
    inputs = (Column("f", "factor"),)
    assert PlainRows(inputs).read(b'{"data": [[0, "a"]]}', LIMITS) is None
    with pytest.raises(Invalid):
        decode_rows(b'{"data": [[0, 1]]}', inputs)


@pytest.mark.parametrize(
    "row",
    [
        '{"x": -0, "y": 1}', '{"x": 1, "x": 2, "y": 1}', '{"x": 1, "y": 1, "y": 1}',
        '{"x": 1, "\\u0079": 1}', '{"x": 1, "y": "\\u0031"}', '{"x": NaN, "y": 1}',
        '{"x": 18446744073709551617, "y": 1}', '{"x": 1e999, "y": 1}', '{"x": 1, "y": 1,}',
        '{"x": 01, "y": 1}', '{"x": 1, "y": 1}}', '{"x": 1, "y": \x00}', '{"x": 1, "y": 1}, {}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["[{}]", '{{"dataframe_records": [{}]}}'])
def test_a_body_that_has_to_be_read_closely_is_left_alone(form, row):
    reader = PlainRows((Column("x", "double"), Column("y", "double")))
    assert reader.read(form.format('{"x": 0.1, "y": -0.0}').encode(), LIMITS) is not None
    assert reader.read(form.format(row).encode(), LIMITS) is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": [[0, 1]], "data": [[0, 2]]}', b'{"data": [[0, 1]], "dataframe_records": []}',
        b'{"dataframe_split": {"columns": ["x"], "columns": ["x"], "data": [[1]]}}',
        b'{"dataframe_split": {"columns": ["x"], "data": [[1]], "index": [0]}}',
        b'{"data": [[0, 1]]} 1', b'\xff', b'{"data": [[0, 1]]', b'"\xff"', b"", b" ",
    ],
)  # fmt: skip
def test_so_is_one_that_says_more_or_less(body):
    assert PlainRows((Column("x", "double"),)).read(body, LIMITS) is None


def test_a_body_beyond_its_limit_is_left_to_be_refused():
    body = b'{"data": [[0, 1.5]]}'
    reader = PlainRows((Column("x", "double"),))
    assert reader.read(body, Limits(size_bytes=len(body))) is not None
    assert reader.read(body, Limits(size_bytes=len(body) - 1)) is None


@settings(max_examples=300)
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 25))
def test_a_number_is_the_double_nearest_to_its_text(number, digits):
    reader = PlainRows((Column("x", "double"),))
    for text in (repr(number), f"{number:.{digits}e}"):
        plain = reader.read(b'[{"x": %s}]' % text.encode(), LIMITS)
        if plain is not None:
            assert plain.rows[0][0] == float(text)


@pytest.mark.parametrize("name", ['I("a")', "a\\b", "a\nb", "\x01"])
def test_a_name_that_json_has_to_escape_is_left_to_be_read_closely(name):
    inputs = (Column(name, "double"),)
    body = json.dumps([{name: 1.5}]).encode()
    assert PlainRows(inputs).read(body, LIMITS) is None
    assert decode_rows(body, inputs).table.column(0).to_pylist() == [1.5]
