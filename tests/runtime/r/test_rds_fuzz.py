"""The reader against damaged and hostile bytes: rows, or one of our errors, and little memory."""

from __future__ import annotations

import random
import tracemalloc

import pyarrow as pa
import pytest
from tests.runtime.r.xdr import altrep, file_of, sequence, strings, symbol, xdr

from modelyard.errors import ModelyardError
from modelyard.runtime.r.rds import read_frame
from modelyard.runtime.r.rds_write import write_frame

CASES = 20_000
SEED = 20240131


def frame(*columns: bytes) -> bytes:
    """A version 3, big-endian frame of these columns' bytes, as R would write it."""
    names = strings(*(b"c%d" % i for i in range(len(columns))))
    attributes = xdr(
        0x402, symbol(b"names"), names, 0x402, symbol(b"class"), strings(b"data.frame")
    )
    return file_of(xdr(0x313, len(columns), *columns, attributes, 254))


SEQUENCE = sequence(3.0)
DEFERRED = altrep(b"deferred_string", xdr(2, xdr(14, 3, 1.5, 1e5, 0.1), xdr(13, 1, 0)))
WRAPPED = altrep(b"wrap_real", xdr(2, xdr(14, 3, 1.5, 1e5, 0.1), 2, xdr(13, 2, 0, 0), 254))
FACTOR = xdr(
    0x30D,
    3,
    1,
    2,
    -(2**31),
    0x402,
    symbol(b"levels"),
    strings(b"a", b"b"),
    0x402,
    symbol(b"class"),
    strings(b"factor"),
    254,
)
PACKED = xdr(
    0x318,
    6,
    b"a\0\0bc\0",
    0x402,
    symbol(b"class"),
    strings(b"modelyard_strings"),
    0x402,
    symbol(b"n"),
    13,
    1,
    3,
    0x402,
    symbol(b"na"),
    13,
    1,
    2,
    254,
)

CORPUS = [
    frame(SEQUENCE, DEFERRED, WRAPPED),
    frame(FACTOR, PACKED, xdr(10, 3, 0, 1, -(2**31))),
    frame(strings(b"a", b"", b"NA")),
    write_frame(
        pa.table(
            {
                "d": [1.5, None, -0.0],
                "s": ["a", None, "é"],
                "f": pa.array(["x", "y", None]).dictionary_encode(),
                "t": pa.array([0, None, 1], pa.timestamp("ns", "UTC")),
                "day": pa.array([0, None, 1], pa.date32()),
            }
        )
    ),
]


def test_the_corpus_reads() -> None:
    tables = [read_frame(raw) for raw in CORPUS]
    assert tables[0].to_pydict() == {
        "c0": [1, 2, 3],
        "c1": ["1.5", "1e+05", "0.1"],
        "c2": [1.5, 1e5, 0.1],
    }
    assert tables[1].to_pydict() == {
        "c0": ["a", "b", None],
        "c1": ["a", None, "bc"],
        "c2": [False, True, None],
    }


def mutated(rng: random.Random) -> bytes:
    raw = bytearray(rng.choice(CORPUS))
    for _ in range(rng.choice((1, 1, 2, 4))):
        at, what = rng.randrange(len(raw)), rng.random()
        if what < 0.5:
            raw[at] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
        elif what < 0.6:
            del raw[at : at + rng.randrange(1, 9)]
        elif what < 0.8:
            raw[at : at + 4] = xdr(rng.choice((-1, 2**31 - 1, 238, 255, 19, 2, 22, 0x213)))
        else:
            start = rng.randrange(len(raw))
            raw[at:at] = raw[start : start + rng.randrange(1, 40)]
        raw = raw or bytearray(b"X")
    return bytes(raw)


def test_mutated_frames_are_rows_or_one_of_our_errors() -> None:
    rng = random.Random(SEED)
    read = 0
    for case in range(CASES):
        raw = mutated(rng)
        try:
            table = read_frame(raw)
        except ModelyardError:
            continue
        except Exception as e:
            pytest.fail(f"case {case} of seed {SEED}: {e!r} for {raw.hex()}")
        table.validate(full=True)
        write_frame_or_refuse(table)
        read += 1
    assert read > CASES // 100


def write_frame_or_refuse(table: pa.Table) -> None:
    try:
        assert read_frame(write_frame(table)).num_rows == table.num_rows
    except ModelyardError:
        return


LIES = {
    "vector": frame(xdr(14, 2**31 - 1)),
    "long vector": frame(xdr(14, -1, 2**20, 0)),
    "negative": frame(xdr(13, -5)),
    "text": frame(xdr(16, 2**30)),
    "one text": frame(xdr(16, 1, 0x40009, 2**31 - 1)),
    "list": b"X\n" + xdr(2, 0, 0, 19, 2**31 - 1),
    "sequence": frame(altrep(b"compact_realseq", xdr(14, 3, 2.0e9, 1.0, 1.0))),
    "endless sequence": frame(altrep(b"compact_intseq", xdr(14, 3, 1e300, 1.0, 1.0))),
    "nan sequence": frame(altrep(b"compact_intseq", xdr(14, 3, float("nan"), 1.0, 1.0))),
    "sequences": frame(*[altrep(b"compact_realseq", xdr(14, 3, 3.0e7, 1.0, 1.0))] * 50),
    "deferred sequence": frame(
        altrep(
            b"deferred_string",
            xdr(2, altrep(b"compact_intseq", xdr(14, 3, 1e9, 1.0, 1.0)), xdr(13, 1, 0)),
        )
    ),
    "values": b"X\n" + xdr(2, 0, 0, 19, 3_000_000) + xdr(254) * 3_000_000,
    "reference": frame(xdr(0xFFFFFF00 - 2**32 | 255)),
}


@pytest.mark.parametrize("name", LIES)
def test_a_length_that_lies_costs_no_memory(name: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ModelyardError):
            read_frame(LIES[name])
        assert tracemalloc.get_traced_memory()[1] < 2**29
    finally:
        tracemalloc.stop()
