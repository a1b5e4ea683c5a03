"""What a host counts: plain numbers, each changed by the event loop's thread alone."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Role = Literal["current", "split", "shadow"]
"""As what a version is asked: as the one that answers, as one with a share of the requests, or as
one whose answers nobody sees. The one before, kept warm, stays what it was."""
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


@dataclass(frozen=True, slots=True)
class VersionFigures:
    """What there is to tell of one version in one role at one moment; counts are from its start on.

    ``latencies`` are buckets of seconds, ``joined`` counts calls by their requests, ``failures``
    requests by the code of their error. ``dropped`` requests had lost their caller, ``refused``
    ones found too many waiting.
    """

    version: str
    role: Role
    latencies: Sequence[tuple[str, int]]
    total_s: float
    failures: Mapping[str, int]
    joined: Mapping[int, int]
    rows: int
    waiting: int
    oldest_s: float
    workers: int
    busy: int
    wanted: int
    starts: int
    crashes: int
    dropped: int
    refused: int

    def plus(self, other: VersionFigures) -> VersionFigures:
        """Those of both."""
        buckets = zip(self.latencies, other.latencies, strict=True)
        return VersionFigures(
            version=self.version,
            role=self.role,
            latencies=[(bound, count + more) for (bound, count), (_, more) in buckets],
            total_s=self.total_s + other.total_s,
            failures=Counter(self.failures) + Counter(other.failures),
            joined=Counter(self.joined) + Counter(other.joined),
            oldest_s=max(self.oldest_s, other.oldest_s),
            **{name: getattr(self, name) + getattr(other, name) for name in _PLAIN},
        )


_PLAIN = (
    *("rows", "waiting", "workers", "busy", "wanted", "starts", "crashes"),
    *("dropped", "refused"),
)


@dataclass(frozen=True, slots=True)
class ShadowFigures:
    """How the answers of a shadow compare: their number by ``same``, ``differed``, ``failed`` and
    ``missed``, and the largest difference of two numbers."""

    version: str
    compared: Mapping[str, int]
    largest: float


@dataclass(frozen=True, slots=True)
class HostFigures:
    """The same of a host: its versions, how many things each of its logs has dropped, how many
    requests were answered an error, by status, and how its shadow compares, if there is one."""

    versions: Sequence[VersionFigures]
    log_dropped: Mapping[str, int]
    errors: Mapping[int, int]
    shadow: ShadowFigures | None = None


def summed(figures: Iterable[VersionFigures]) -> list[VersionFigures]:
    """One for each version and role; a version may answer in one from several places at once."""
    found: dict[tuple[str, str], VersionFigures] = {}
    for one in figures:
        known = found.get((one.version, one.role))
        found[one.version, one.role] = one if known is None else known.plus(one)
    return list(found.values())
