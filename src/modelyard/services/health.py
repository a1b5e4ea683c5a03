"""Whether a host's workers keep dying."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from modelyard.services.types import HostState

WINDOW_S = 60.0
MANY_CRASHES = 3


@dataclass(slots=True)
class Health:
    """Counts workers that died; times are seconds of a monotonic clock, given by the caller."""

    _crashes: deque[float] = field(default_factory=lambda: deque(maxlen=MANY_CRASHES))

    def crashed(self, now: float) -> None:
        """A worker died while it worked on a request."""
        self._crashes.append(now)

    def state(self, now: float) -> tuple[HostState, str | None]:
        """Degraded with a cause after three crashes within a minute, else ready.

        >>> health = Health()
        >>> for second in (1.0, 2.0, 3.0):
        ...     health.crashed(second)
        >>> health.state(4.0)[0].value, health.state(62.0)[0].value
        ('degraded', 'ready')
        """
        recent = [t for t in tuple(self._crashes) if now - t < WINDOW_S]
        if len(recent) < MANY_CRASHES:
            return HostState.READY, None
        return HostState.DEGRADED, f"{len(recent)} R workers crashed within {WINDOW_S:g} s."
