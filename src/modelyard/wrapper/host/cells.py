"""One value of a frame as the number it stands for; ``CELL`` has the reader for each type."""

import re
import zoneinfo
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import pandas as pd

from modelyard.wrapper.host.faults import Refused

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  clocks' time, made an instant in _instant()
NS = 10**9
TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d{1,30}))?"
    r"\s?(?:(Z|z)|([+-])(\d\d):?(\d\d))?)?",
    re.ASCII,
)


def _text(value: str, column: dict[str, Any]) -> str:
    if "\0" in value or (not value.isascii() and re.search("[\ud800-\udfff]", value)):
        raise Refused("invalid_value", "text with a NUL or a lone surrogate")
    levels = column.get("levels")
    if levels is not None and value not in levels and column.get("unknown") != "as_na":
        known = ", ".join(map(repr, levels[:10])) + (", ..." if len(levels) > 10 else "")
        raise Refused("unknown_level", f"{value!r} is not a level the model knows: {known}")
    return value


def _boolean(value: Any, column: dict[str, Any]) -> "int | None":
    if isinstance(value, str) and value != "NA":
        raise Refused("type_mismatch", "text given, boolean expected")
    return None if isinstance(value, str) else int(value)


def _day(value: Any, column: dict[str, Any]) -> int:
    try:
        if isinstance(value, str):
            if not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
                raise ValueError
            value = date.fromisoformat(value)
    except ValueError:
        raise Refused("invalid_value", f"{value!r} is not a date such as 2024-01-31") from None
    return int((value - EPOCH.date()).days)


def _instant(value: Any, column: dict[str, Any]) -> int:
    """Nanoseconds from 1970 in UTC. Without an offset a time is read in the column's zone."""
    try:
        wall, digits, offset = _parts(value)
        if digits[9:].strip("0"):
            raise ValueError
        if offset is None:  # a time clocks show twice, or never, has the larger of two offsets
            local = zone_of(column)
            first, second = (local.utcoffset(wall.replace(fold=f)) for f in (0, 1))
            offset = max(first or timedelta(), second or timedelta())
        since = wall - EPOCH - offset
        ns = (since.days * 86_400 + since.seconds) * NS + int(digits[:9].ljust(9, "0"))
        if not -(2**63) < ns < 2**63:
            raise ValueError
    except (ValueError, OverflowError):
        reason = f"{value!s} is not a time such as 2024-01-31T08:30:00Z from 1678 to 2261"
        raise Refused("invalid_value", reason) from None
    return ns


def _parts(value: Any) -> "tuple[datetime, str, timedelta | None]":
    """Clocks' time in whole seconds, the decimals of its second, and its offset from UTC."""
    if not isinstance(value, str):
        stamp = pd.Timestamp(value)
        offset = stamp.utcoffset()
        wall = stamp.to_pydatetime(warn=False).replace(microsecond=0, tzinfo=None, fold=0)
        return wall, f"{stamp.microsecond:06d}{stamp.nanosecond:03d}", offset
    found = TIME.fullmatch(value)
    if found is None:
        raise ValueError
    day, clock, seconds, digits, utc, sign, hours, minutes = found.groups()
    wall = datetime.fromisoformat(f"{day}T{clock or '00:00'}{seconds or ':00'}")
    offset = timedelta() if utc else None
    if sign:
        if int(hours) > 23 or int(minutes) > 59:
            raise ValueError
        offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    return wall, digits or "", offset


def zone_of(column: dict[str, Any]) -> tzinfo:
    """The zone in which a time without an offset is read."""
    name = column.get("tz") or "UTC"
    return UTC if name in ("UTC", "GMT") else zoneinfo.ZoneInfo(name)


CELL: dict[str, Any] = {
    "string": _text,
    "factor": _text,
    "boolean": _boolean,
    "date": _day,
    "timestamp": _instant,
}
