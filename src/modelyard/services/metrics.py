"""What a host counts, and how Prometheus reads it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Latencies:
    """Seconds in buckets, counted without a lock: one thread writes, whoever reads sees whole
    numbers that may be a request old."""

    __slots__ = ("_counts", "total_s")

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self.total_s = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.total_s += seconds

    @property
    def count(self) -> int:
        """How many were counted."""
        return sum(self._counts)

    def buckets(self) -> Sequence[tuple[str, int]]:
        """Upper bounds and how many are not above them, as Prometheus has them."""
        return cumulated(self._counts, [str(bound) for bound in BOUNDS_S])


def cumulated(counts: Iterable[int], bounds: Sequence[str]) -> list[tuple[str, int]]:
    """Counts of buckets made counts of all up to each bound; the last bucket has none.

    >>> cumulated([1, 0, 2], ["1", "2"])
    [('1', 1), ('2', 1), ('+Inf', 3)]
    """
    found, total = [], 0
    for bound, count in zip([*bounds, "+Inf"], counts, strict=True):
        total += count
        found.append((bound, total))
    return found
