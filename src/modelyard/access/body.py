"""A request's body, read whole within its limit and its time, whatever the framework."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable

from modelyard.errors import MalformedRequest, TooLarge

DEADLINE_S = 30.0
FAIR_BYTES_PER_S = 2**20
"""A large body may take longer than the deadline, as long as it keeps coming at this rate."""


async def read_body(chunks: AsyncIterable[bytes], length: str | None, most: int) -> bytearray:
    """The whole body; ``length`` is what the header content-length says, if it is there.

    Raises:
        MalformedRequest: a length that is none, or a body that does not arrive in time.
        TooLarge: more than ``most`` bytes.
    """
    if length is not None and not (length.isascii() and length.isdigit()):
        raise MalformedRequest(f"{length[:40]!r} is not the length of a body.")
    if length is not None and int(length) > most:
        raise too_large(most)
    body = bytearray()
    try:
        async with asyncio.timeout(DEADLINE_S) as limit:
            until = limit.when() or 0.0
            async for chunk in chunks:
                body += chunk
                if len(body) > most:
                    raise too_large(most)
                limit.reschedule(until + len(body) / FAIR_BYTES_PER_S)
    except TimeoutError:
        raise not_in_time() from None
    return body


def not_in_time() -> MalformedRequest:
    """The error for a body whose sender is too slow."""
    return MalformedRequest("The body did not arrive in time.", hint="Send it again.")


def too_large(most: int) -> TooLarge:
    """The error for a body of more than ``most`` bytes."""
    return TooLarge(
        f"The body has more than {most:,} bytes.",
        hint="Send fewer rows at once, or many rows in a binary form.",
    )
