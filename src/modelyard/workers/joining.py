"""Which of the requests that wait are asked as one call."""

from __future__ import annotations

from collections import deque
from math import ceil

from modelyard.errors import Overloaded
from modelyard.workers.requests import Figures, Rules, Waiting, tell

MOST_JOINED = 512
"""Requests of one call."""
MOST_JOINED_BYTES = 4 * 2**20
_REQUEST_S = 40e-6
"""What this process spends on a small request, in about (bench/serving.py)."""


def share(waiting: int, under_way: int, workers: int, call_s: float) -> int:
    """How many requests the next call may take. All that wait, unless R's calls are quick
    beside what this process does for that many: then R and it would wait for each other in
    turn, and so one half is asked while the other has its answers written and comes again.

    >>> share(waiting=100, under_way=0, workers=1, call_s=1.0)
    512
    >>> share(waiting=100, under_way=0, workers=1, call_s=0.001)
    50
    """
    part = (waiting + under_way) / (workers + 1)
    is_quick = call_s <= part * _REQUEST_S
    return min(ceil(part), MOST_JOINED) if is_quick else MOST_JOINED


def next_call(
    waiting: deque[Waiting], most: int, rules: Rules, figures: Figures, now: float
) -> list[Waiting]:
    """Take the requests to ask next: one, or as many as may be joined, up to ``most``.

    One whose caller has gone is dropped, one whose deadline has passed is told so.
    """
    call: list[Waiting] = []
    rows = size = 0
    while waiting and len(call) < most:
        one = waiting[0]
        if one.future.done() or one.is_gone():
            waiting.popleft()
            figures.dropped += 1
            one.future.cancel()
            continue
        if one.until <= now:
            waiting.popleft()
            hint = "Try again shortly, or deploy with more workers."
            tell(one, Overloaded("No worker came free before the deadline.", hint=hint))
            continue
        if call and (one.alone or rows + one.count > rules.most_rows or size > MOST_JOINED_BYTES):
            break
        call.append(waiting.popleft())
        if one.alone or not rules.joins:
            break
        rows += one.count
        size += one.size
    return call
