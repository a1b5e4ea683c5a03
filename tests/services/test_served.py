from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from modelyard.errors import NotFound
from modelyard.names import Namespace, Qualified
from modelyard.services.edition import Edition
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


def test_a_version_ends_only_when_what_is_still_being_read_has_been() -> None:
    crew, ends, go_on = SimpleNamespace(), [], threading.Event()

    async def drained() -> None:
        ends.append("drained")

    crew.drained, crew.close = drained, lambda: ends.append("closed")

    async def run(threads: ThreadPoolExecutor) -> None:
        edition = Edition.__new__(Edition)
        edition.crew, edition._threads, edition._reading = crew, threads, 0
        edition._read = lambda call: go_on.wait(10)
        reading = asyncio.create_task(edition._read_in_thread(SimpleNamespace()))
        closing = asyncio.create_task(edition.close())
        await asyncio.sleep(0.1)
        assert ends == []
        go_on.set()
        assert await reading
        await closing
        assert ends == ["drained", "closed"]

    with ThreadPoolExecutor(1) as threads:
        asyncio.run(run(threads))
