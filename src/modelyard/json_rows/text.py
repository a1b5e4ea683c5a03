"""JSON read strictly: no duplicate keys, no NaN or Infinity, integers exact, depth bounded."""

from __future__ import annotations

import re
from json import JSONDecodeError, JSONDecoder
from typing import Any

from modelyard.contract.problems import shown
from modelyard.errors import DuplicateColumn, InvalidValue, MalformedRequest, TooLarge

_MINUS_ZERO = re.compile(r"-0(?![.\deE])")


def read_json(body: bytes | bytearray | memoryview, *, max_bytes: int, max_depth: int) -> Any:
    """The value of a JSON text in UTF-8.

    Integers come as exact Python integers of any size, ``-0`` as the double -0.0. A number too
    large for a double comes as infinity, which JSON cannot write, so whoever takes it can tell.

    Raises:
        MalformedRequest: when it is empty, not UTF-8, or not JSON.
        DuplicateColumn: when an object has a key twice.
        InvalidValue: for NaN or Infinity outside quotes, or an integer of thousands of digits.
        TooLarge: for more than ``max_bytes``, or objects and arrays nested beyond ``max_depth``.
    """
    if len(body) > max_bytes:
        raise TooLarge(f"{len(body):,} bytes of JSON are more than the {max_bytes:,} allowed.")
    try:
        text = bytes(body).decode()
    except UnicodeDecodeError as e:
        raise MalformedRequest(f"The body is not UTF-8: byte {e.start + 1} is wrong.") from None
    if not text or text.isspace():
        raise MalformedRequest("The body is empty.", hint="Send rows as JSON.")
    decoder = _WITH_MINUS_ZERO if _MINUS_ZERO.search(text) else _PLAIN
    try:
        found, end = decoder.raw_decode(text, _skip(text, 0))
        if _skip(text, end) != len(text):
            raise MalformedRequest(f"The JSON is followed by something else at {end + 1}.")
    except JSONDecodeError as e:
        raise MalformedRequest(f"The body is not JSON: {e.msg} at character {e.pos + 1}.") from None
    except RecursionError:
        raise _too_deep(max_depth) from None
    except ValueError:
        raise InvalidValue("A number of the body has thousands of digits.") from None
    if text.count("[") + text.count("{") > max_depth:
        _check_depth(found, max_depth)
    return found


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _too_deep(max_depth: int) -> TooLarge:
    return TooLarge(f"Arrays and objects of the body are nested deeper than {max_depth}.")


def _check_depth(found: Any, max_depth: int) -> None:
    level = [found]
    for _ in range(max_depth):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, list | dict)
        ]
        if not level:
            return
    raise _too_deep(max_depth)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise DuplicateColumn(f"The key {shown(key)} is twice in one object.")
            seen.add(key)
    return found


def _constant(text: str) -> None:
    raise InvalidValue(
        f"{text} is not JSON.",
        hint='Write "NaN", "Inf" and "-Inf" in quotes, and null for a missing value.',
    )


def _minus_zero(digits: str) -> int | float:
    return -0.0 if digits == "-0" else int(digits)


_PLAIN = JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
_WITH_MINUS_ZERO = JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_minus_zero
)
