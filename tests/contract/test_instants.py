"""Dates and times: text, nanoseconds, R's seconds."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import run_r

from modelyard.contract.instants import (
    NS,
    date_from_text,
    instant_from_text,
    instants_to_seconds,
    seconds_to_instants,
    text_from_instant,
    zone,
)

BERLIN = zone("Europe/Berlin") or UTC


@pytest.mark.parametrize(
    "name", ["Mars/Base", "../../etc/passwd", "/etc/passwd", "a\0b", "Europe", "x" * 5000]
)
def test_a_zone_that_is_none_is_none(name: str) -> None:
    assert zone(name) is None


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T00:00Z", 0),
        ("1970-01-01 00:00:01", NS),
        ("1970-01-01T00:00:00.000000001z", 1),
        ("1970-01-01T00:00:00,5Z", NS // 2),
        ("1970-01-01T00:00:00.1000000000Z", NS // 10),
        ("1970-01-01T05:30:00+05:30", 0),
        ("1969-12-31T20:00:00-0400", 0),
        ("1969-12-31T23:59:59.999999999Z", -1),
    ],
)
def test_a_time_is_read_from_text(text: str, ns: int) -> None:
    assert instant_from_text(text, UTC) == ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1970",
        "1970-1-1",
        "1970-01-01Z",
        "1970-02-30T00:00:00Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:00:60Z",
        "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00+01:60",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:00",
        "9999-12-31T23:59:59Z",
        "１970-01-01",
        "1970-01-01T00:00:00Z ",
    ],
)
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|has) "):
        instant_from_text(text, UTC)


def test_a_date_is_days_from_1970() -> None:
    assert date_from_text("1969-12-31") == -1


@given(
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.sampled_from(["UTC", "Europe/Berlin", "Africa/Monrovia"]),
)
def test_text_reads_back_as_the_same_instant(ns: int, name: str) -> None:
    local = zone(name) or UTC
    try:
        assert instant_from_text(text_from_instant(ns, local), UTC) == ns
    except ValueError as e:
        assert "2261" in str(e)


@given(st.floats(-9e9, 9e9))
def test_seconds_are_exact_or_said_not_to_be(seconds: float) -> None:
    ns, exact = seconds_to_instants(np.array([seconds]))
    assert bool(exact[0]) == bool(instants_to_seconds(ns)[0] == seconds)
    if abs(seconds) > 2**23:  # doubles there are further apart than nanoseconds
        assert exact[0]


def test_seconds_finer_than_nanoseconds_or_out_of_range_are_not_exact() -> None:
    _, exact = seconds_to_instants(np.array([1 / 3, 1e10, -1e300, np.inf, np.nan, 0.25]))
    assert exact.tolist() == [False, False, False, False, False, True]


ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Asia/Tokyo",
)
TIMES = (
    "2023-03-26 02:30:00",
    "2023-10-29 02:30:00",
    "2023-03-12 02:30:00",
    "2023-11-05 01:30:00",
    "2023-11-05 02:30:00",
    "2023-10-01 02:15:00",
    "2023-04-02 01:45:00",
    "2023-07-01 12:00:00",
    "1955-01-01 00:00:00",
)


def test_wall_clocks_are_read_as_r_reads_them() -> None:
    code = "for (z in c(%s)) for (t in c(%s)) cat(format(as.numeric(as.POSIXct(t, tz = z)), digits = 17), '')"
    quoted = [", ".join(f"'{v}'" for v in values) for values in (ZONES, TIMES)]
    ours = [instant_from_text(t, zone(z) or UTC) / NS for z in ZONES for t in TIMES]
    assert ours == [float(v) for v in run_r(code % tuple(quoted)).split()]


def test_a_gap_and_an_overlap_take_the_larger_offset() -> None:
    assert instant_from_text("2023-03-26 02:30:00", BERLIN) == instant_from_text(
        "2023-03-26T00:30:00Z", UTC
    )
    assert instant_from_text("2023-10-29 02:30:00", BERLIN) == instant_from_text(
        "2023-10-29T00:30:00Z", UTC
    )
    assert datetime(2023, 10, 29, 0, 30, tzinfo=UTC).astimezone(BERLIN).hour == 2
