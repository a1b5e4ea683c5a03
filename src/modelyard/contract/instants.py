"""Dates and times between ISO 8601 text, counts of nanoseconds, and R's seconds.

An instant is an int64 of nanoseconds from 1970 in UTC. A text without an offset is read in a
time zone; a wall-clock time that the zone has twice, or never, takes the larger of the two
offsets, which is what R's ``as.POSIXct()`` does on Linux: the earlier of two instants, and in a
gap the instant that summer time's offset gives.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

NS = 1_000_000_000
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": NS}
"""How many of Arrow's units of time make a second."""
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  wall-clock arithmetic, made an instant below
_EPOCH_DAY = date(1970, 1, 1)
_MIN_NS, _MAX_NS = -(2**63) + 1, 2**63 - 1
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,30}))?)?)?"
    r"\s?(?:(Z|z)|([+-])(\d\d):?(\d\d)(?::(\d\d))?)?",
    re.ASCII,
)


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo | None:
    """The time zone of this name, or None when there is none."""
    if name in ("UTC", "GMT", ""):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; not a relative path; a folder of zones
        return None


def date_from_text(text: str) -> int:
    """Days from 1970-01-01 of ``YYYY-MM-DD``.

    Raises:
        ValueError: saying what is wrong, to be put after the value.
    """
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError("is not a date such as 2024-01-31")
    try:
        return (date(*(int(part) for part in found.groups())) - _EPOCH_DAY).days
    except ValueError:
        raise ValueError("is not a day of the calendar") from None


def instant_from_text(text: str, local: tzinfo) -> int:
    """Nanoseconds of an ISO 8601 time; ``local`` is the zone of one that has no offset.

    A date alone is its midnight in ``local``.

    Raises:
        ValueError: saying what is wrong, to be put after the value.
    """
    found = _TIME.fullmatch(text)
    if found is None or (found[4] is None and (found[8] or found[9])):
        raise ValueError("is not a time such as 2024-01-31T08:30:00Z")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    try:
        wall = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
    except ValueError:
        raise ValueError("is not a time of the calendar and the clock") from None
    digits = found[7] or ""
    if digits[9:].strip("0"):
        raise ValueError("is finer than a nanosecond")
    if found[8]:
        offset = timedelta()
    elif found[9]:
        hours, minutes, seconds = (int(part or 0) for part in found.groups()[9:12])
        offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        if hours > 23 or minutes > 59 or seconds > 59:
            raise ValueError("has an offset that is none")
        offset = -offset if found[9] == "-" else offset
    else:
        offset = offset_at(wall, local)
    since = wall - _EPOCH - offset
    return in_range((since.days * 86_400 + since.seconds) * NS + int(digits[:9].ljust(9, "0") or 0))


def offset_at(wall: datetime, local: tzinfo) -> timedelta:
    """The offset from UTC at this wall-clock time of ``local``."""
    first = local.utcoffset(wall)
    second = local.utcoffset(wall.replace(fold=1))
    return max(first or timedelta(), second or timedelta())


def wall_to_instant(ns: int, local: tzinfo) -> int:
    """The instant at which clocks of ``local`` show what clocks in UTC show at ``ns``.

    Raises:
        ValueError: when it is out of range.
    """
    wall = _EPOCH + timedelta(seconds=ns // NS)
    return in_range(ns - int(offset_at(wall, local).total_seconds()) * NS)


def in_range(ns: int) -> int:
    """``ns``, if an int64 holds it.

    Raises:
        ValueError: when it does not.
    """
    if not _MIN_NS <= ns <= _MAX_NS:
        raise ValueError("is outside the years 1678 to 2261 that nanoseconds reach")
    return ns


def text_from_instant(ns: int, local: tzinfo) -> str:
    """ISO 8601 with an offset, as many decimals as there are.

    >>> text_from_instant(1_500_000_000, UTC)
    '1970-01-01T00:00:01.5Z'
    """
    seconds, rest = divmod(ns, NS)
    text = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).astimezone(local)
    whole, offset = text.isoformat()[:19], text.isoformat()[19:]
    decimals = f".{rest:09d}".rstrip("0") if rest else ""
    return whole + decimals + ("Z" if offset == "+00:00" and local is UTC else offset)


def seconds_to_instants(seconds: Doubles) -> tuple[Int64s, npt.NDArray[np.bool_]]:
    """Nanoseconds of R's seconds, and which of them are exact.

    Exact means that :func:`instants_to_seconds` gives the same double again. NaN is not exact.
    """
    with np.errstate(invalid="ignore"):
        whole = np.floor(seconds)
        fits = np.abs(whole) < 9_223_372_036.0  # False for NaN
        whole = np.where(fits, whole, 0.0)
        rest = np.rint((np.where(fits, seconds, 0.0) - whole) * 1e9)
    ns = whole.astype(np.int64) * NS + rest.astype(np.int64)
    return ns, fits & (instants_to_seconds(ns) == seconds)


def instants_to_seconds(counts: Int64s, per_second: int = NS) -> Doubles:
    """R's seconds: the double nearest to each count of nanoseconds (or ``per_second``)."""
    whole, rest = np.divmod(counts, per_second)
    seconds: Doubles = whole.astype(np.float64) + rest.astype(np.float64) / per_second
    return seconds
