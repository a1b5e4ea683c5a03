"""R's own serialised frames, written by R, read without it; and what is refused."""

from __future__ import annotations

import gzip
import math
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.conftest import run_r

from modelyard.errors import (
    InvalidSignature,
    InvalidValue,
    MalformedRequest,
    ModelyardError,
    TooLarge,
)
from modelyard.runtime.r.rds import read_frame
from modelyard.runtime.r.rds_text import r_number
from modelyard.runtime.r.rds_write import write_frame

FRAMES = {
    "plain": 'data.frame(d = c(1.5, NA, NaN, -0.0, Inf, 5e-324), i = c(1L, NA, -5L, 0L, 2147483647L, -2147483647L), l = c(TRUE, NA, FALSE, TRUE, TRUE, FALSE), s = c("a", NA, "\\u00e9", "", "\\u65e5\\u672c", "NA"))',
    "factors": 'data.frame(f = factor(c("b", "a", NA), levels = c("c", "b", "a")), o = factor(c("lo", "hi", NA), levels = c("lo", "hi"), ordered = TRUE))',
    "times": 'data.frame(d = as.Date(c("2024-02-29", NA, "0001-01-01")), p = structure(c(1700000000.123457, NA, -1.5), class = c("POSIXct", "POSIXt"), tzone = "Europe/Berlin"))',
    "none": "data.frame(a = double(0), s = character(0), i = integer(0), f = factor(character(0)), l = logical(0))",
    "missing": "data.frame(f = factor(c(NA, NA), levels = c('b', 'a')), n = c(NA_real_, NA), s = NA_character_)",
    "levels": "data.frame(f = factor(character(0), levels = c('b', 'a')))",
    "wide": "as.data.frame(matrix(as.numeric(1:3000), 2))",
}
"""Frames whose way through Arrow and back must be the identity."""

OTHERS = {
    "sequences": "data.frame(a = 1:5, b = as.character(1:5), c = as.character(c(1.5, 1e5, NA, NaN, 1/3)), d = 5:1)",
    "sorted": "data.frame(x = sort(c(3, 1, 2)), i = sort(c(3L, 1L, 2L)))",
    "wrapped": 'local({x <- list(w = .Internal(wrap_meta(as.character(1:3), 1L, FALSE))); class(x) <- "data.frame"; attr(x, "row.names") <- 1:3; x})',
    "tibble": 'structure(list(x = 1:3), class = c("tbl_df", "tbl", "data.frame"), row.names = c(NA, -3L))',
    "row_names": "mtcars[1:3, 1:2]",
    "as_is": "data.frame(x = I(c(1, 2)))",
    "labelled": 'data.frame(x = structure(c(1, 2), label = "weight"))',
    "dates": 'data.frame(d = structure(1:3, class = "Date"), p = structure(0:2, class = c("POSIXct", "POSIXt")))',
    "latin1": 'local({x <- c("caf\\xe9", "\\x80"); Encoding(x) <- "latin1"; data.frame(s = x)})',
    "packed": 'structure(list(s = structure(writeBin(enc2utf8(c("\\u00e9", "", "b")), raw()), class = "modelyard_strings", n = 3L, na = 2L)), class = "data.frame", row.names = c(NA, -3L))',
    "one_dimension": "local({x <- list(x = array(c(1, 2), 2)); class(x) <- 'data.frame'; attr(x, 'row.names') <- 1:2; x})",
}

REFUSED = {
    "list": (
        'structure(list(ok = 1:2, x = list(1, 2)), class = "data.frame", row.names = 1:2)',
        InvalidSignature,
        "Column x is a list,",
    ),
    "matrix": (
        'structure(list(m = matrix(1:4, 2)), class = "data.frame", row.names = 1:2)',
        InvalidSignature,
        "Column m is a matrix",
    ),
    "complex": ("data.frame(z = 1i)", InvalidSignature, "Column z is complex numbers"),
    "raw": ("data.frame(r = as.raw(1))", InvalidSignature, "Column r is raw bytes"),
    "difftime": (
        'data.frame(t = as.difftime(1, units = "secs"))',
        InvalidSignature,
        "Column t is of class difftime",
    ),
    "posixlt": (
        'structure(list(t = as.POSIXlt("2024-01-01")), class = "data.frame", row.names = 1L)',
        InvalidSignature,
        "Column t is a list of class POSIXlt",
    ),
    "na_level": (
        'data.frame(f = addNA(factor(c("a", NA))))',
        InvalidSignature,
        "missing or a repeated level",
    ),
    "half_day": (
        'data.frame(d = structure(c(1, 0.5), class = "Date"))',
        InvalidValue,
        "Column d, row 2",
    ),
    "third": (
        'data.frame(p = structure(1/3, class = c("POSIXct", "POSIXt")))',
        InvalidValue,
        "Column p, row 1",
    ),
    "bytes": (
        'data.frame(s = local({x <- c("a", "\\xff"); Encoding(x) <- "bytes"; x}))',
        InvalidValue,
        "Column s, row 2: the text is marked as bytes",
    ),
    "not_utf8": (
        'data.frame(s = c("a", "\\xff"))',
        InvalidValue,
        "Column s, row 2: the text is not UTF-8",
    ),
    "function": (
        "structure(list(f = list(mean)), class = 'data.frame', row.names = 1L)",
        MalformedRequest,
        "Column 1 of the frame holds a function",
    ),
    "environment": (
        "structure(list(a = 1, e = globalenv()), class = 'data.frame', row.names = 1L)",
        MalformedRequest,
        "Column 2 of the frame holds the global environment",
    ),
    "not_a_frame": ("list(1)", MalformedRequest, "not a data frame"),
    "vector": ("1:3", MalformedRequest, "not a data frame"),
    "lengths": (
        'structure(list(a = 1, b = 1:2), class = "data.frame", row.names = 1L)',
        MalformedRequest,
        "different lengths",
    ),
    "too_long": (
        "structure(list(a = 1:2e9), class = 'data.frame', row.names = 1L)",
        TooLarge,
        "Sequences",
    ),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every frame above as R writes it: both byte orders, both versions."""
    folder = tmp_path_factory.mktemp("frames")
    every = {**FRAMES, **OTHERS, **{n: code for n, (code, _, _) in REFUSED.items()}}
    lines = [
        f"frames <- list({', '.join(f'`{n}` = {code}' for n, code in every.items())})",
        f"setwd('{folder}')",
    ]
    lines.append(
        "for (n in names(frames)) for (v in 2:3) for (x in c(TRUE, FALSE)) if (n != 'too_long' || v == 3) writeBin(serialize(frames[[n]], NULL, xdr = x, version = v), sprintf('%s_%d_%s', n, v, if (x) 'x' else 'n'))"
    )
    lines.append("saveRDS(frames[names(frames) != 'too_long'], 'frames.rds', version = 2)")
    (folder / "write.R").write_text("\n".join(lines))
    done = subprocess.run(
        ["Rscript", "--vanilla", "write.R"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


FORMS = ("2_x", "2_n", "3_x", "3_n")


@pytest.mark.parametrize("name", [*FRAMES, *OTHERS])
def test_all_forms_of_a_frame_read_alike(written: Path, name: str) -> None:
    raw = [(written / f"{name}_{form}").read_bytes() for form in FORMS]
    tables = [read_frame(b) for b in (*raw, gzip.compress(raw[0]), memoryview(raw[3]))]
    assert len({write_frame(t) for t in tables}) == 1
    for table in tables:
        table.validate(full=True)


def test_r_gets_back_identical_frames(written: Path) -> None:
    for name in FRAMES:
        for form in FORMS:
            (written / f"back_{name}_{form}").write_bytes(
                write_frame(read_frame((written / f"{name}_{form}").read_bytes()))
            )
    code = f"""
    setwd('{written}')
    frames <- readRDS('frames.rds')
    for (f in list.files(pattern = '^back_')) {{
      want <- frames[[strsplit(f, '_')[[1]][2]]]
      got <- unserialize(readBin(f, 'raw', 1e7))
      bits <- function(x) lapply(x, function(v) if (is.double(v)) writeBin(as.numeric(v), raw()) else v)
      stopifnot(identical(got, want), identical(bits(got), bits(want)))
      stopifnot(identical(is.nan(got[[1]]), is.nan(want[[1]])))
      cat(f, '')
    }}"""
    assert len(run_r(code).split()) == len(FRAMES) * len(FORMS)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_plain_column_is_refused_by_name(written: Path, name: str) -> None:
    _, kind, message = REFUSED[name]
    for form in FORMS:
        file = written / f"{name}_{form}"
        if file.exists():
            with pytest.raises(kind) as caught:
                read_frame(file.read_bytes())
            assert message in caught.value.message


def read(written: Path, name: str) -> pa.Table:
    return read_frame((written / f"{name}_3_n").read_bytes())


def test_na_is_null_and_nan_stays(written: Path) -> None:
    values = read(written, "plain").column("d").to_pylist()
    assert values[1] is None
    assert math.isnan(values[2])
    assert math.copysign(1, values[3]) == -1
    assert values[4:] == [math.inf, 5e-324]


def test_types_are_those_of_the_contract(written: Path) -> None:
    ordered = pa.dictionary(pa.int32(), pa.string(), ordered=True)
    assert read(written, "plain").schema.types == [
        pa.float64(),
        pa.int32(),
        pa.bool_(),
        pa.string(),
    ]
    assert read(written, "factors").schema.types == [
        pa.dictionary(pa.int32(), pa.string()),
        ordered,
    ]
    assert read(written, "factors").column("f").chunk(0).dictionary.to_pylist() == ["c", "b", "a"]
    assert read(written, "times").schema.types == [pa.date32(), pa.timestamp("ns", "Europe/Berlin")]
    assert read(written, "dates").schema.types == [pa.date32(), pa.timestamp("ns", "UTC")]


def test_values_r_has_not_spelled_out_are_read(written: Path) -> None:
    found = read(written, "sequences").to_pydict()
    assert found["a"] == [1, 2, 3, 4, 5]
    assert found["b"] == ["1", "2", "3", "4", "5"]
    assert found["c"] == ["1.5", "1e+05", None, "NaN", "0.333333333333333"]
    assert found["d"] == [5, 4, 3, 2, 1]
    assert read(written, "wrapped").to_pydict() == {"w": ["1", "2", "3"]}


def test_text_in_other_forms_is_read(written: Path) -> None:
    assert read(written, "latin1").to_pydict() == {"s": ["café", "€"]}
    assert read(written, "packed").to_pydict() == {"s": ["é", None, "b"]}


def test_numbers_are_views_where_they_lie_aligned() -> None:
    raw = write_frame(pa.table({"x": [1.0, 2.0], "y": [3.0, 4.0]}))
    at = raw.index(np.array([1.0]).tobytes())
    room = bytearray(len(raw) + 8)
    start = np.frombuffer(room, np.uint8).ctypes.data
    offset = -(start + at) % 8
    room[offset : offset + len(raw)] = raw
    table = read_frame(memoryview(room)[offset : offset + len(raw)])
    assert table.column("x").chunk(0).buffers()[1].address == start + offset + at
    assert table.to_pydict() == {"x": [1.0, 2.0], "y": [3.0, 4.0]}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"X",
        b"X\n",
        b"A\n2\n",
        b"RDX3\n",
        b"X\n\0\0\0\x09" + bytes(8),
        b"\x1f\x8b",
        b"\x1f\x8b\x08\0garbage",
        b"PK\x03\x04",
    ],
)
def test_bytes_that_are_no_frame_are_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedRequest):
        read_frame(raw)


def test_every_cut_of_a_frame_is_malformed(written: Path) -> None:
    raw = (written / "plain_3_x").read_bytes()
    for end in range(len(raw)):
        with pytest.raises(MalformedRequest):
            read_frame(raw[:end])
    with pytest.raises(MalformedRequest):
        read_frame(raw + b"\0")


def test_expansion_is_bounded() -> None:
    bomb = gzip.compress(bytes(2**22))
    with pytest.raises(TooLarge):
        read_frame(bomb, max_bytes=2**20)
    frame = write_frame(pa.table({"x": np.zeros(1000)}))
    assert read_frame(gzip.compress(frame), max_bytes=len(frame)).num_rows == 1000
    with pytest.raises(MalformedRequest):
        read_frame(gzip.compress(frame) + b"more")
    with pytest.raises(MalformedRequest):
        read_frame(gzip.compress(frame)[:-9])


def test_deep_nesting_is_refused() -> None:
    layers = b"\0\0\0\x13\0\0\0\1" * 100_000
    with pytest.raises(MalformedRequest, match="nested"):
        read_frame(b"X\n\0\0\0\2" + bytes(8) + layers + b"\0\0\0\xfe")


def test_numbers_are_printed_as_r_prints_them() -> None:
    rng = np.random.default_rng(20240131)
    values = np.concatenate(
        [
            rng.standard_normal(300) * 10.0 ** rng.integers(-20, 25, 300),
            np.round(rng.uniform(-1e6, 1e6, 300), 3),
            10.0 ** np.arange(-7, 23),
            [0.0, -0.0, 5e-324, 1.7976931348623157e308, 123456789012345680.0],
        ]
    )
    code = "x <- readBin(file('stdin', 'rb'), 'double', 1e4); cat(vapply(x, as.character, ''), sep = '\\n')"
    done = subprocess.run(
        ["Rscript", "--vanilla", "-e", code],
        input=values.tobytes(),
        capture_output=True,
        check=True,
    )
    assert [r_number(v) for v in values.tolist()] == done.stdout.decode().split("\n")[: len(values)]


def test_every_refusal_is_one_of_ours(written: Path) -> None:
    for file in written.glob("*_?_?"):
        try:
            read_frame(file.read_bytes())
        except ModelyardError as e:
            assert e.message
