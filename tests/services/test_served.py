from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from modelyard.errors import NotFound
from modelyard.names import Namespace, Qualified
from modelyard.services.health import MANY_CRASHES, WINDOW_S, health
from modelyard.services.served import Served
from modelyard.services.types import HostState, ServiceSpec

SPACE = Namespace("ML_DB", "MODELS")
SPEC = ServiceSpec("ab" * 16, Qualified(SPACE, "S"), Qualified(SPACE, "M"), "V1", alias="@best")


def test_workers_that_keep_dying_make_a_service_degraded_for_a_while() -> None:
    deaths = [float(second) for second in range(MANY_CRASHES)]
    assert health(deaths[:-1], 3.0) == (HostState.READY, None)
    state, cause = health(deaths, 3.0)
    assert state is HostState.DEGRADED
    assert "3 R workers" in (cause or "")
    assert health(deaths, MANY_CRASHES + WINDOW_S) == (HostState.READY, None)


@pytest.mark.parametrize("error", [ValueError("/srv/secret"), NotFound("/srv/secret")])
def test_a_look_that_fails_in_any_way_is_told_until_one_succeeds(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    version = SimpleNamespace(name="V1")
    crew = SimpleNamespace(cause=None, figures=SimpleNamespace(recent=[]))

    async def good(*_: object) -> tuple[float, object]:
        return 1.0, version

    async def bad(*_: object) -> tuple[float, object]:
        raise error

    async def run() -> list[tuple[HostState, str | None]]:
        served = Served(None, SPEC, None, None)  # type: ignore[arg-type]
        served._edition = SimpleNamespace(version=version, crew=crew)  # type: ignore[assignment]
        states = []
        for wanted in (good, bad, good):
            monkeypatch.setattr(served, "_wanted", wanted)
            await served.look()
            states.append(served.state())
        return states

    first, failed, last = asyncio.run(run())
    assert first == last == (HostState.READY, None)
    assert failed[0] is HostState.DEGRADED
    assert "secret" not in str(failed[1])
