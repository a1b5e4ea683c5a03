"""Rows come in as callers have them, and go back as they came."""

import datetime as dt
import sys
from types import SimpleNamespace

import pyarrow as pa
import pytest

from modelyard.client.rows import from_stream, like, to_stream, to_table
from modelyard.errors import InvalidValue


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ({"a": [1, 2], "b": ["x", None]}, "columns"),
        ([{"a": 1, "b": "x"}, {"a": 2, "b": None}], "records"),
        (pa.table({"a": [1, 2], "b": ["x", None]}), "arrow"),
    ],
)
def test_rows_go_back_as_they_came(rows, kind):
    table, found = to_table(rows)
    assert (found, table.to_pydict()) == (kind, {"a": [1, 2], "b": ["x", None]})
    assert like(from_stream(to_stream(table)), kind) == rows


def test_a_record_may_miss_a_key_and_columns_may_be_one_value():
    assert to_table([{"a": 1}, {"b": 2}])[0].to_pydict() == {"a": [1, None], "b": [None, 2]}
    assert to_table({"a": 1.5, "b": "text"})[0].to_pydict() == {"a": [1.5], "b": ["text"]}


def test_instants_finer_than_pythons_are_rounded_down_not_refused():
    table = pa.table({"t": pa.array([1_000_000_001], pa.timestamp("ns", tz="UTC"))})
    assert like(table, "records") == [{"t": dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC)}]


@pytest.mark.parametrize(
    "rows", [None, 7, "text", [1, 2], {"a": [1, 2], "b": [1]}, {"a": [object()]}]
)
def test_anything_else_is_refused(rows):
    with pytest.raises(InvalidValue):
        to_table(rows)


def test_pandas_frames_are_known_where_pandas_is(monkeypatch):
    class DataFrame:
        pass

    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=DataFrame))
    made = pa.table({"a": [1]})
    seen = {}

    class Table:
        @staticmethod
        def from_pandas(frame, preserve_index):
            seen["index"] = preserve_index
            return made

    monkeypatch.setattr(pa, "Table", type("T", (pa.Table,), {"from_pandas": Table.from_pandas}))
    assert to_table(DataFrame()) == (made, "pandas")
    assert seen == {"index": False}
