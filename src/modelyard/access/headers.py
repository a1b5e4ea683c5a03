"""Headers that would make a request mean two things, or its body something nobody here reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from modelyard.errors import MalformedRequest, UnsupportedMediaType

CODING = b"content-encoding"
_ONCE = (b"authorization", b"content-type")


def check_headers(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Make sure that a request says once whose it is and what its body is, and that the body is
    not compressed. Names are in small letters, as ASGI has them.

    Raises:
        MalformedRequest: for one of these headers that is there twice.
        UnsupportedMediaType: for a coding of the body.
    """
    headers = list(headers)
    counts = Counter(name for name, _ in headers)
    for name in _ONCE:
        if counts[name] > 1:
            raise MalformedRequest(
                f"The header {name.decode()} is there {counts[name]:,} times.", hint="Send it once."
            )
    for name, value in headers:
        coding = value.decode("latin-1").strip().lower()
        if name == CODING and coding not in ("identity", ""):
            raise UnsupportedMediaType(
                f"A body with the content-encoding {coding[:80]!r} is not read.",
                hint="Send it as it is, without compression.",
            )
