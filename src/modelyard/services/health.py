"""Whether a host's workers keep dying."""

from __future__ import annotations

from collections.abc import Iterable

from modelyard.services.types import HostState

WINDOW_S = 60.0
MANY_CRASHES = 3


def health(deaths: Iterable[float], now: float) -> tuple[HostState, str | None]:
    """Degraded with a cause after three deaths within a minute, else ready; times of one clock.

    >>> health([1.0, 2.0, 3.0], 4.0)[0].value, health([1.0, 2.0, 3.0], 62.0)[0].value
    ('degraded', 'ready')
    """
    recent = sum(now - death < WINDOW_S for death in deaths)
    if recent < MANY_CRASHES:
        return HostState.READY, None
    return HostState.DEGRADED, f"{recent} R workers crashed within {WINDOW_S:g} s."
