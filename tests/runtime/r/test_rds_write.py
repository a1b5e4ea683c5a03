"""Arrow tables written as frames that a real R reads."""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import run_r

from modelyard.errors import Invalid, InvalidSignature
from modelyard.runtime.r.rds import read_frame
from modelyard.runtime.r.rds_write import PACK_OVER, write_frame


def in_r(folder: Path, table: pa.Table, code: str) -> str:
    """What R prints for ``code``, in which ``x`` is the table."""
    (folder / "x").write_bytes(write_frame(table))
    whole = f"x <- unserialize(readBin('{folder}/x', 'raw', 1e8)); {code}"
    return run_r(whole)


def test_warehouse_types_become_rs_vectors(tmp_path: Path) -> None:
    table = pa.table(
        {
            "big": pa.array([2**53, None], pa.int64()),
            "small": pa.array([200, None], pa.uint8()),
            "dec": pa.array([Decimal("2.45"), None]),
            "single": pa.array([0.5, None], pa.float32()),
            "null": pa.nulls(2),
            "large": pa.array(["é", None], pa.large_string()),
            "codes": pa.array(["b", None])
            .dictionary_encode()
            .cast(pa.dictionary(pa.int8(), pa.string())),
            "naive": pa.array([1_500_000, None], pa.timestamp("us")),
            "far": pa.array([253_402_300_799, None], pa.timestamp("s", "Europe/Berlin")),
            "ms": pa.array([86_400_000, None], pa.date64()),
        }
    )
    code = """want <- data.frame(big = c(2^53, NA), small = c(200L, NA), dec = c(2.45, NA), single = c(.5, NA),
      null = c(NA, NA), large = c("\\u00e9", NA), codes = factor(c("b", NA)),
      naive = as.POSIXct(c(1.5, NA), origin = "1970-01-01", tz = "UTC"),
      far = as.POSIXct(c(253402300799, NA), origin = "1970-01-01", tz = "Europe/Berlin"),
      ms = as.Date(c("1970-01-02", NA)))
    stopifnot(identical(x, want)); cat(is.nan(x$big[2]), Encoding(x$large[1]))"""
    assert in_r(tmp_path, table, code) == "FALSE UTF-8"


def test_long_text_travels_packed(tmp_path: Path) -> None:
    values = [None if i % 7 == 0 else f"é{i}" * (i % 3) for i in range(PACK_OVER + 1)]
    table = pa.table({"s": ["skipped", *values]}).slice(1)
    code = """s <- x$s
    stopifnot(inherits(s, "modelyard_strings"), is.integer(attr(s, "n")), is.integer(attr(s, "na")))
    v <- readBin(unclass(s), "character", attr(s, "n")); v[attr(s, "na")] <- NA; Encoding(v) <- "UTF-8"
    i <- 0:500; want <- strrep(paste0("\\u00e9", i), i %% 3); want[i %% 7 == 0] <- NA
    stopifnot(identical(v, want)); cat(length(v))"""
    assert in_r(tmp_path, table, code) == "501"
    assert read_frame(write_frame(table)).column("s").to_pylist() == values


def test_text_of_500_distinct_values_is_a_plain_vector(tmp_path: Path) -> None:
    assert (
        in_r(
            tmp_path,
            pa.table({"s": [str(i) for i in range(PACK_OVER)]}),
            "cat(class(x$s), nrow(x))",
        )
        == "character 500"
    )


def test_odd_names_and_no_columns_survive(tmp_path: Path) -> None:
    names = ["a b", "日本", "", "a b"]
    table = pa.Table.from_arrays([pa.array([1.0])] * 4, names=names)
    assert in_r(tmp_path, table, "cat(names(x), sep = '|')") == "|".join(names)
    assert in_r(
        tmp_path, pa.table({}), "cat(identical(x, data.frame()[, FALSE]), dim(x))"
    ).endswith("0 0")


def test_chunks_and_slices_are_joined() -> None:
    part = pa.table(
        {
            "d": [1.0, None, 3.0],
            "i": pa.array([1, None, 3], pa.int32()),
            "b": [True, None, False],
            "s": ["a", None, "c"],
            "f": pa.array(["a", None, "b"]).dictionary_encode(),
        }
    )
    table = pa.concat_tables([part.slice(1), part.slice(0, 2)])
    assert read_frame(write_frame(table)).to_pydict() == table.to_pydict()


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (pa.array([2**53 + 1]), "precision_loss"),
        (pa.array([-(2**31)], pa.int32()), "integer_out_of_range"),
        (pa.array(["a\0b"]), "invalid_value"),
        (pa.array([[1]]), "invalid_signature"),
        (pa.array([b"x"]), "invalid_signature"),
        (pa.array([1], pa.time64("us")), "invalid_signature"),
        (pa.array([1], pa.duration("s")), "invalid_signature"),
    ],
)
def test_what_r_cannot_hold_is_refused_by_name(values: pa.Array, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        write_frame(pa.table({"bad": values}))
    assert caught.value.code == code
    assert caught.value.details[0].column == "bad"
    assert isinstance(caught.value, InvalidSignature) == (code == "invalid_signature")


def bits(values: list[float | None]) -> list[bytes | None]:
    return [
        None if v is None else b"NaN" if math.isnan(v) else struct.pack("<d", v) for v in values
    ]


texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=6)


@given(
    st.lists(
        st.tuples(
            st.none() | st.floats(width=64),
            st.none() | st.integers(-(2**31) + 1, 2**31 - 1),
            st.none() | st.booleans(),
            st.none() | texts,
            st.none() | st.sampled_from(["lo", "mid", "hi"]),
            st.none() | st.integers(-700_000, 2_900_000),
            st.none() | st.integers(-(2**33), 2**33),
        ),
        max_size=12,
    ),
    st.booleans(),
)
def test_every_table_reads_back_as_it_was(rows: list[tuple[Any, ...]], ordered: bool) -> None:
    columns = [list(c) for c in zip(*rows, strict=True)] or [[] for _ in range(7)]
    doubles = columns.pop(0)
    levels = ["lo", "mid", "hi"]
    codes = pa.array([None if v is None else levels.index(v) for v in columns[3]], pa.int32())
    seconds = [None if v is None else v * 10**9 for v in columns[5]]
    rest = pa.table(
        {
            "i": pa.array(columns[0], pa.int32()),
            "b": pa.array(columns[1], pa.bool_()),
            "s": pa.array(columns[2], pa.string()),
            "f": pa.DictionaryArray.from_arrays(codes, pa.array(levels), ordered=ordered),
            "d": pa.array(columns[4], pa.date32()),
            "t": pa.array(seconds, pa.timestamp("ns", "America/New_York")),
        }
    )
    back = read_frame(write_frame(rest.append_column("x", pa.array(doubles, pa.float64()))))
    assert bits(back.column("x").to_pylist()) == bits(doubles)
    back = back.drop_columns(["x"])
    assert back.equals(rest)
    assert back.column("f").combine_chunks().dictionary.to_pylist() == levels


def test_a_million_rows_keep_their_bits() -> None:
    values = np.random.default_rng(1).standard_normal(1_000_000)
    back = read_frame(write_frame(pa.table({"x": values})))
    assert back.column(0).to_numpy().tobytes() == values.tobytes()
