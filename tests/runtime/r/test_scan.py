"""The scanner's rules, each on bytes made by hand; and that those it refuses are refused rightly."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import struct
import subprocess
from functools import partial
from pathlib import Path

import pytest
from tests.conftest import MakeRds, run_r
from tests.runtime.r.xdr import (
    BASE_NAMESPACE,
    GLOBAL,
    MISSING,
    NIL,
    TAGGED,
    UNBOUND,
    altrep,
    call,
    chars,
    closure,
    environment,
    file_of,
    pairlist,
    promise,
    sequence,
    strings,
    symbol,
    vector,
    xdr,
)

from modelyard.errors import ModelRejected
from modelyard.runtime.contents import Contents
from modelyard.runtime.r import atoms
from modelyard.runtime.r.scan import scan

ONE = xdr(14, 1, 1.0)


def scanned(value: bytes) -> Contents:
    return scan(memoryview(file_of(value)))


def refusal(stored: bytes) -> str:
    with pytest.raises(ModelRejected) as e:
        scan(memoryview(stored))
    return str(e.value)


# A promise where R puts none (CVE-2024-27322): at the top, and inside a list.


def exploit(marker: str) -> bytes:
    return promise(call(b"file.create", strings(marker.encode())))


EXPLOITS = {
    "top": (file_of, "x"),
    "in a list": (lambda bad: file_of(vector(bad)), "x[[1]]"),
}


def test_the_exploit_is_as_small_as_the_published_one() -> None:
    assert len(file_of(promise(call(b"f")))) <= 95


@pytest.mark.parametrize("where", EXPLOITS)
def test_a_promise_outside_an_environment_runs_code_in_r_and_is_refused_here(
    where: str, tmp_path: Path
) -> None:
    make, touch = EXPLOITS[where]
    marker, file = tmp_path / "ran", tmp_path / "model.rds"
    stored = make(exploit(str(marker)))
    file.write_bytes(stored)
    ran = subprocess.run(
        ["Rscript", "--vanilla", "-e", f"x <- readRDS('{file}'); y <- {touch}; y"],
        capture_output=True,
        text=True,
        check=False,
    )
    closed = run_r("cat(getRversion() >= '4.4.0')") == "TRUE" and where == "top"
    assert marker.exists() != closed, ran.stderr
    assert "CVE-2024-27322" in refusal(stored)


PLACES = {
    "an attribute": xdr(0x213, 0, pairlist(a=promise(symbol(b"f")))),
    "a pairlist": pairlist(a=promise(symbol(b"f"))),
    "a call": xdr(6, symbol(b"f"), 2, promise(symbol(b"f")), NIL),
    "a call's head": xdr(6, promise(symbol(b"f")), NIL),
    "a function's body": closure(promise(symbol(b"f"))),
    "around an environment": xdr(4, 0, promise(symbol(b"f")), NIL, NIL, NIL),
    "the end of a pairlist": xdr(2, ONE, promise(symbol(b"f"))),
    "the attributes of an environment": xdr(4, 0, GLOBAL, NIL, NIL, pairlist(a=promise(ONE))),
    "a list in an environment": environment(pairlist(a=vector(promise(ONE)))),
    "a list in a promise": environment(pairlist(a=promise(ONE, vector(promise(ONE))))),
    "an expression": xdr(20, 1, promise(ONE)),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_promise_is_refused_everywhere_else(place: str) -> None:
    assert "promise" in refusal(file_of(PLACES[place]))


@pytest.mark.parametrize(
    "value",
    [
        environment(pairlist(a=promise(symbol(b"f")))),
        environment(pairlist(a=promise(promise(symbol(b"f")), promise(symbol(b"g"))))),
        environment(xdr(2 | TAGGED, symbol(b"..."), 17, promise(symbol(b"f")), NIL, NIL)),
    ],
)
def test_a_promise_may_stand_where_r_puts_it_and_counts_as_code(value: bytes) -> None:
    assert scanned(value).verdict == "code"


def test_a_promise_that_was_kept_is_data() -> None:
    found = scanned(environment(pairlist(a=promise(call(b"f"), ONE))))
    assert (found.verdict, found.captured[0].bindings) == ("data", 1)


def test_the_unbound_marker_is_refused_outside_a_promise() -> None:
    assert "not yet computed" in refusal(file_of(vector(xdr(UNBOUND))))
    assert "not yet computed" in refusal(file_of(environment(pairlist(a=xdr(UNBOUND)))))


def test_the_arguments_of_a_call_are_refused_outside_an_environment() -> None:
    assert "call in progress" in refusal(file_of(vector(xdr(17, ONE, NIL))))


BROKEN = {
    "an unknown type": (file_of(xdr(99)), "unknown type 99"),
    "a negative length": (file_of(xdr(14, -5)), "negative length"),
    "a length beyond R's": (file_of(xdr(14, -1, 2**20, 0)), "longer than R's"),
    "a length beyond the file": (file_of(xdr(14, 2**31 - 1)), "cut off"),
    "a text beyond the file": (file_of(xdr(16, 1, 0x40009, 2**31 - 1)), "cut off"),
    "bytes that follow": (file_of(ONE) + b"!", "other bytes follow"),
    "half a file": (file_of(ONE)[:-3], "cut off"),
    "no value": (file_of(b""), "cut off"),
    "a reference to nothing": (file_of(xdr(1 << 8 | 255)), "not there"),
    "a reference to minus one": (file_of(xdr(-1 << 8 | 255)), "not there"),
    "a bare text": (file_of(chars(b"x")), "unknown type 9"),
    "a name that is none": (file_of(xdr(1, 13, 1, 1)), "a name cannot be read"),
    "a long sequence": (file_of(sequence(2.0**60)), "longer than"),
    "many long sequences": (file_of(vector(*[sequence(2.0**27)] * 3)), "together"),
    "a sequence of no number": (file_of(sequence(float("nan"))), "cannot be read|longer"),
    "a mapped file": (file_of(altrep(b"mmap_real", strings(b"/etc"))), "mmap_real"),
    "another package's vector": (file_of(altrep(b"vroom", ONE, b"vroom")), "form of vroom"),
    "a reference outside": (file_of(xdr(247, 0, 1, chars(b"x"))), "refhook"),
    "no environment": (file_of(xdr(3 | TAGGED, ONE, NIL, ONE)), "environment belongs"),
    "no arguments": (file_of(xdr(3 | TAGGED, GLOBAL, ONE, ONE)), "arguments of a function"),
    "R's ASCII form": (b"A\n3\n262658\n", "ASCII form"),
    "a file of save()": (b"RDX3\nX\n", r"save\(\)"),
    "no R": (b"PK\x03\x04" + b"\0" * 60, "begin"),
    "another format": (b"X\n" + xdr(4, 0, 0) + ONE, "form 4"),
    "damaged gzip": (b"\x1f\x8b\x08" + b"\0" * 40, "decompressed"),
    "half a gzip": (gzip.compress(file_of(ONE))[:-9], "decompressed"),
    "compiled code without end": (file_of(xdr(21, 2**31 - 1)), "compiled code"),
    "a shared call that is not": (file_of(xdr(21, 1, 13, 1, 1, 1, 243, 0)), "not there"),
    "an attribute without a name": (file_of(xdr(0x20E, 0, 2, ONE, NIL)), "attributes"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_bytes_that_cannot_be_r_s_are_refused_with_the_reason(case: str) -> None:
    stored, reason = BROKEN[case]
    with pytest.raises(ModelRejected, match=reason):
        scan(memoryview(stored))


def nested(depth: int) -> bytes:
    return file_of(xdr(19, 1) * depth + xdr(NIL))


def test_ten_thousand_levels_are_read_and_one_more_is_not(make_rds: MakeRds) -> None:
    assert scan(memoryview(nested(10_000 - 1))).verdict == "data"
    assert "nested" in refusal(nested(10_000 + 1))
    assert "pairlists" in refusal(file_of(xdr(2, NIL) * 10_001 + xdr(NIL)))
    # Depth as R counts it: the levels of a list's elements and of a pairlist's rest together.
    assert "nested" in refusal(file_of(xdr(2, NIL) * 6000 + xdr(2) + xdr(19, 1) * 6000))


def test_what_is_allowed_r_can_read(tmp_path: Path) -> None:
    file = tmp_path / "deep.rds"
    file.write_bytes(nested(9_999))
    assert run_r(f"cat(class(readRDS('{file}')))") == "list"


def test_more_values_than_a_limit_are_refused(monkeypatch) -> None:
    monkeypatch.setattr(atoms, "MAX_NODES", 1000)
    assert scanned(vector(*[xdr(NIL)] * 998)).verdict == "data"
    assert "more than 1,000 values" in refusal(file_of(vector(*[xdr(NIL)] * 1001)))


ZEROS = 2**27


@pytest.mark.parametrize(
    "compress", [gzip.compress, bz2.compress, partial(lzma.compress, preset=0)]
)
def test_a_bomb_is_refused_long_before_it_is_unpacked(compress) -> None:
    said = refusal(compress(file_of(xdr(24, ZEROS) + b"\0" * ZEROS)))
    more_than = int(re.search(r"more than ([\d,]+)", said).group(1).replace(",", ""))
    assert more_than < ZEROS // 3 * 2


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_every_compression_of_r_is_read(compress) -> None:
    assert scan(memoryview(compress(file_of(vector(ONE, strings(b"a")))))).verdict == "data"


def test_joined_gzip_members_are_one_file() -> None:
    whole = file_of(vector(ONE, ONE))
    assert scan(memoryview(gzip.compress(whole[:31]) + gzip.compress(whole[31:]))).verdict == "data"


def test_texts_and_vectors_longer_than_a_piece_are_stepped_over() -> None:
    long = xdr(16, 3, chars(b"x" * 600_000), chars(b""), xdr(9, -1))
    found = scan(
        memoryview(gzip.compress(file_of(vector(long, xdr(14, 200_000) + bytes(1_600_000)))))
    )
    assert [p.path for p in found.parts] == ["model[[2]]", "model[[1]]"]
    assert found.unpacked_bytes > 2_200_000


def test_the_machine_s_own_byte_order_and_format_two_are_read() -> None:
    little = b"B\n" + struct.pack("<3i", 2, 0x40202, 0x20300) + struct.pack("<iid", 14, 1, 1.5)
    found = scan(memoryview(little))
    assert (found.format, found.verdict, found.r_version) == (2, "data", "4.2.2")


def test_the_version_of_r_that_wrote_it_is_told() -> None:
    assert scan(memoryview(file_of(ONE, 0x40401))).r_version == "4.4.1"


# Verdicts


def test_a_call_of_arithmetic_is_data_and_any_other_is_named_with_its_place() -> None:
    pure = call(b"~", symbol(b"y"), call(b"log", call(b"+", symbol(b"x"), ONE)))
    assert scanned(pure).verdict == "data"
    other = call(b"~", symbol(b"y"), call(b"system", strings(b"id")))
    found = scanned(other)
    assert [(r.path, r.what) for r in found.reasons] == [("model[[3]]", "calls system")]


@pytest.mark.parametrize(
    ("package", "name", "verdict"),
    [
        (b"splines", b"ns", "data"),
        (b"evil", b"ns", "code"),
        (b"base", b"system", "code"),
    ],
)
def test_a_call_by_package_counts_by_what_it_names(
    package: bytes, name: bytes, verdict: str
) -> None:
    head = call(b"::", symbol(package), symbol(name))
    assert scanned(xdr(6, head, 2, symbol(b"x"), NIL)).verdict == verdict


def test_the_call_that_fitted_is_no_code_unless_it_is_one_of_r_s_that_fits_nothing() -> None:
    def kept(head: bytes) -> bytes:
        return xdr(0x213, 1, call(head, symbol(b"x")), pairlist(names=strings(b"call")))

    assert scanned(kept(b"lm")).verdict == "data"
    assert scanned(kept(b"system")).verdict == "code"


def test_functions_are_code_and_those_of_a_package_are_said_to_be() -> None:
    found = scanned(vector(closure(ONE), closure(ONE, BASE_NAMESPACE)))
    assert [r.what for r in found.reasons] == ["a function", "a function of package base"]
    assert scanned(xdr(8, 6, b"system")).verdict == "code"
    assert scanned(xdr(8, 3, b"exp")).verdict == "data"


def test_a_call_whose_head_is_computed_is_code() -> None:
    assert scanned(xdr(6, call(b"f"), NIL)).reasons[-1].what.startswith("calls ")


def test_an_active_binding_is_code() -> None:
    cell = xdr(2 | TAGGED | 0x8000 << 12, symbol(b"a"), closure(ONE), NIL)
    assert "active binding" in scanned(environment(cell)).code


def test_the_missing_argument_is_data() -> None:
    assert scanned(environment(pairlist(a=xdr(MISSING)))).verdict == "data"
