"""Rows to R and back through a real worker, bit for bit."""

from __future__ import annotations

import struct
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from tests.conftest import Workshop

from modelyard.artifacts.files import FileStore
from modelyard.errors import InvalidValue, OutputViolation

SAME = "function(model, input) input"


@pytest.fixture(scope="module")
def pool(store_root, make_rds):
    """One for all: tests with the same body share a worker, as requests of any rows do."""
    pool = Workshop(FileStore(store_root), store_root, make_rds).pool(max_workers=2)
    yield pool
    pool.close()


def through_r(workshop: Workshop, pool, rows: pa.Table, body: str = SAME) -> pa.Table:
    manifest = workshop.manifest("1", {"x": "double"}, body=body)
    return pool.predict(manifest, rows).table


def bits(column: pa.ChunkedArray) -> list[object]:
    return [
        None if v is None else struct.pack("<d", v) if isinstance(v, float) else v
        for v in column.to_pylist()
    ]


@pytest.mark.parametrize("n", [1, 7, 600, 5000])
def test_doubles_keep_their_bits(workshop, pool, n):
    odd = [0.1, -0.0, 5e-324, 1.7976931348623157e308, float("inf"), float("-inf"), None, 1 / 3]
    rows = pa.table({"x": pa.array((odd * n)[:n], pa.float64())})
    assert bits(through_r(workshop, pool, rows)["x"]) == bits(rows["x"])


def test_na_and_nan_are_told_apart(workshop, pool):
    rows = pa.table({"x": pa.array([1.0, None, float("nan")], pa.float64())})
    told = through_r(
        workshop, pool, rows, "function(model, input) is.na(input$x) + 2 * is.nan(input$x)"
    )
    assert told["prediction"].to_pylist() == [0, 1, 3]
    back = through_r(workshop, pool, rows)["x"].combine_chunks()
    assert back.is_null().to_pylist() == [False, True, False]
    assert np.isnan(back[2].as_py())


def test_integers_and_booleans_with_missing_values(workshop, pool):
    rows = pa.table(
        {
            "i": pa.array([-(2**31) + 1, None, 2**31 - 1], pa.int32()),
            "b": pa.array([True, None, False], pa.bool_()),
        }
    )
    assert through_r(workshop, pool, rows).equals(rows)


@pytest.mark.parametrize("n", [1, 500, 501, 20_000])
@pytest.mark.parametrize("distinct", [True, False])
def test_texts(workshop, pool, n, distinct):
    values = [None if i % 7 == 3 else f"é{i if distinct else i % 3}☃𝄞" for i in range(n)]
    rows = pa.table({"s": pa.array(values, pa.string())})
    back = through_r(workshop, pool, rows)
    assert back["s"].to_pylist() == values
    told = through_r(workshop, pool, rows, "function(model, input) nchar(input$s)")
    assert told["prediction"].to_pylist()[0] == len(values[0])


def test_empty_texts_are_not_missing(workshop, pool):
    values = (["", None, "a"] * 300)[:700]
    rows = pa.table({"s": pa.array(values, pa.string())})
    assert through_r(workshop, pool, rows)["s"].to_pylist() == values


def test_a_factor_has_its_levels_in_order(workshop, pool):
    codes = pa.array([2, 0, None], pa.int32())
    factor = pa.DictionaryArray.from_arrays(codes, pa.array(["b", "a", "ü"]), ordered=True)
    rows = pa.table({"f": factor})
    body = (
        "function(model, input) c(paste(class(input$f), collapse = ' '),"
        " paste(levels(input$f), collapse = ' '), as.character(input$f[1]))"
    )
    told = through_r(workshop, pool, rows, body)["prediction"].to_pylist()
    assert told == ["ordered factor", "b a ü", "ü"]


def test_dates_and_times(workshop, pool):
    nanoseconds = [0, 1, 1_700_000_000_123_456_000, -5_000_000_001, None]
    rows = pa.table(
        {
            "d": pa.array([date(1969, 12, 31), date(2400, 2, 29), None, date(1, 1, 1), None]),
            "t": pa.array(nanoseconds, pa.timestamp("ns", tz="Europe/Paris")),
        }
    )
    back = through_r(workshop, pool, rows)
    assert back["d"].to_pylist() == rows["d"].to_pylist()
    assert back["t"].type == rows["t"].type
    # R keeps seconds as doubles: what it can hold comes back, to the nanosecond near 1970.
    assert back["t"].cast(pa.int64()).to_pylist()[:2] == [0, 1]
    expected = [1_700_000_000_123_456_001, -5_000_000_001]
    found = back["t"].cast(pa.int64()).to_pylist()[2:4]
    assert all(abs(a - b) < 300 for a, b in zip(found, expected, strict=True))
    told = through_r(
        workshop,
        pool,
        rows,
        "function(model, input) c(format(input$t[3], '%H:%M'), attr(input$t, 'tzone'), class(input$d), NA, NA)",
    )
    assert told["prediction"].to_pylist()[:3] == ["23:13", "Europe/Paris", "Date"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("list(1, 2)", "list"),
        ("1i * seq_len(nrow(input))", "complex"),
        ("as.raw(1:2)", "raw"),
        ("data.frame(a = I(list(1, 2)))", "AsIs"),
        ("NULL", "NULL"),
        ("lm(mpg ~ wt, mtcars)", "lm"),
        ("data.frame(m = I(matrix(1:4, 2)))", "AsIs"),
    ],
)
def test_an_answer_that_is_no_plain_column_is_refused(workshop, pool, x, value, said):
    with pytest.raises(OutputViolation, match=said):
        through_r(workshop, pool, x, f"function(model, input) {value}")


def test_text_that_is_not_utf8_is_refused(workshop, pool, x):
    body = r"function(model, input) { s <- c('a\xff', 'b'); Encoding(s) <- 'bytes'; s }"
    with pytest.raises(OutputViolation, match="row 1: the text is marked as bytes"):
        through_r(workshop, pool, x, body)


def test_latin1_text_comes_back_as_utf8(workshop, pool, x):
    body = r"function(model, input) { s <- c('\xe9', 'b'); Encoding(s) <- 'latin1'; s }"
    assert through_r(workshop, pool, x, body)["prediction"].to_pylist() == ["é", "b"]


def test_a_matrix_becomes_columns(workshop, pool, x):
    body = "function(model, input) cbind(fit = input$x, lwr = input$x - 1)"
    assert through_r(workshop, pool, x, body).to_pydict() == {"fit": [1, 2], "lwr": [0, 1]}


def test_a_wide_frame_and_many_rows(workshop, pool):
    wide = pa.table({f"c{i}": [float(i)] for i in range(10_000)})
    assert through_r(workshop, pool, wide).equals(wide)
    long = pa.table({"x": np.random.default_rng(1).normal(size=300_000)})
    assert through_r(workshop, pool, long).equals(long)


def factor(codes: list[int | None], levels: list[str]) -> pa.Table:
    values = pa.array(codes, pa.int32())
    return pa.table({"f": pa.DictionaryArray.from_arrays(values, pa.array(levels))})


def test_what_is_kept_between_requests_follows_the_rows(workshop, pool):
    """Names and levels are made once per schema; other levels or columns make them again."""
    body = "function(model, input) paste(input[[1]], names(input), nlevels(input[[1]]))"
    for _ in range(2):
        told = through_r(workshop, pool, factor([0, 1], ["a", "b"]), body)
        assert told["prediction"].to_pylist() == ["a f 2", "b f 2"]
        told = through_r(workshop, pool, factor([0, 1], ["b", "ü", "c"]), body)
        assert told["prediction"].to_pylist() == ["b f 3", "ü f 3"]
        told = through_r(workshop, pool, pa.table({"z": [1.5]}), body)
        assert told["prediction"].to_pylist() == ["1.5 z 0"]


@pytest.mark.parametrize("kind", ["doubles", "ints", "flags", "texts", "codes", "factors", "days"])
@pytest.mark.parametrize("missing", [True, False])
def test_rows_from_the_middle_of_a_table(workshop, pool, kind, missing):
    """More rows than go into one call of R: the second call's columns start within a buffer."""
    steps = [None if missing and i % 3 == 0 else i for i in range(130_003)]
    made = {
        "doubles": lambda i: i / 7,
        "ints": lambda i: i,
        "flags": lambda i: i % 7 == 0,
        "texts": lambda i: f"é{i}",
        "codes": lambda i: f"t{i % 11}",
        "factors": lambda i: f"t{i % 11}",
        "days": lambda i: i,
    }[kind]
    types = {"doubles": pa.float64(), "ints": pa.int32(), "flags": pa.bool_(), "days": pa.int32()}
    values = pa.array([i if i is None else made(i) for i in steps], types.get(kind, pa.string()))
    if kind == "days":
        values = values.cast(pa.date32())
    rows = pa.table({"x": values.dictionary_encode() if kind == "factors" else values})
    assert through_r(workshop, pool, rows)["x"].equals(pa.chunked_array([values]))
    chunked = pa.concat_tables([rows.slice(0, 9), rows.slice(9, 0), rows.slice(9, 500)])
    assert through_r(workshop, pool, chunked)["x"].to_pylist() == values.to_pylist()[:509]


@pytest.mark.parametrize("n", [1, 5000])
@pytest.mark.parametrize("distinct", [True, False])
def test_a_text_with_a_nul_is_refused(workshop, pool, n, distinct):
    texts = [f"é{i if distinct else 0}" for i in range(n)] + ["a\0b"]
    with pytest.raises(InvalidValue, match="NUL"):
        through_r(workshop, pool, pa.table({"s": texts}))
    assert through_r(workshop, pool, pa.table({"s": ["a"]}))["s"].to_pylist() == ["a"]


def test_many_texts_that_are_not_utf8_are_refused(workshop, pool):
    body = r"function(model, input) { s <- rep('a\xff', 600); Encoding(s) <- 'bytes'; s }"
    with pytest.raises(OutputViolation, match="UTF-8"):
        through_r(workshop, pool, pa.table({"x": [1.0]}), body)


def test_what_a_model_changes_in_the_session_ends_with_its_request(workshop, pool):
    body = """function(model, input) {
      seen <- c(getOption('digits'), is.null(getOption('bench.new')), exists('left', globalenv()),
                Sys.getenv('TZ') == 'UTC', getwd() == '/tmp')
      options(digits = 3, bench.new = 1)
      assign('left', 1, globalenv())
      Sys.setenv(TZ = 'Europe/Paris')
      setwd('/tmp')
      seen
    }"""
    for _ in range(3):
        told = through_r(workshop, pool, pa.table({"x": [1.0] * 5}), body)
        assert told["prediction"].to_pylist() == [7, 1, 0, 1, 0]
