from __future__ import annotations

from modelyard.services.health import MANY_CRASHES, WINDOW_S, health
from modelyard.services.types import HostState


def test_workers_that_keep_dying_make_a_service_degraded_for_a_while() -> None:
    deaths = [float(second) for second in range(MANY_CRASHES)]
    assert health(deaths[:-1], 3.0) == (HostState.READY, None)
    state, cause = health(deaths, 3.0)
    assert state is HostState.DEGRADED
    assert "3 R workers" in (cause or "")
    assert health(deaths, MANY_CRASHES + WINDOW_S) == (HostState.READY, None)
