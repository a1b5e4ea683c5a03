"""Wishes that come while another is taken up: the last one stays."""

from __future__ import annotations

import asyncio
import errno
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modelyard.errors import ModelRejected
from modelyard.names import Namespace, Qualified
from modelyard.services.folder import Folder
from modelyard.services.host import Host
from modelyard.services.types import HostState, ServiceSpec
from modelyard.settings import Settings

SPACE = Namespace("ML_DB", "MODELS")
SPEC = ServiceSpec("ab" * 16, Qualified(SPACE, "S"), Qualified(SPACE, "M"), "V1")


class FakeServed:
    """Takes a wish up once it may; each version may do what a test says."""

    def __init__(self) -> None:
        self.edition: Any = None
        self.spec = SPEC
        self.followed, self.trouble = 0.0, None
        self.adopted: list[str] = []
        self.held = {"V2": asyncio.Event()}
        self.fails: dict[str, Exception] = {}

    def ask(self) -> None: ...

    def limit(self, memory_bytes: int, cpus: int) -> None: ...

    def state(self) -> tuple[HostState, str | None]:
        return HostState.READY, self.trouble

    async def adopt(self, spec: ServiceSpec, version: str | None = None) -> int:
        if (gate := self.held.get(spec.version)) is not None:
            await gate.wait()
        if (error := self.fails.get(spec.version)) is not None:
            raise error
        self.adopted.append(spec.version)
        self.spec = spec
        self.edition = SimpleNamespace(version=SimpleNamespace(name=spec.version))
        return 0


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    found = Folder(tmp_path)
    found.write_spec(SPEC)
    return found


def wish(folder: Folder, generation: int) -> None:
    folder.write_spec(replace(SPEC, version=f"V{generation}", generation=generation))


def host_of(folder: Folder) -> Host:
    return Host(folder, SPEC, Settings(home=folder.path), -1, None)


def test_a_wish_that_is_slow_does_not_replace_a_later_one(folder: Folder) -> None:
    async def run() -> list[str]:
        host, served, app = host_of(folder), FakeServed(), SimpleNamespace(closes=False)
        wish(folder, 2)
        first = asyncio.create_task(host._reload(served, app))  # type: ignore[arg-type]
        await asyncio.sleep(0.01)
        wish(folder, 3)
        second = asyncio.create_task(host._reload(served, app))  # type: ignore[arg-type]
        await asyncio.sleep(0.01)
        served.held["V2"].set()
        await asyncio.gather(first, second)
        return served.adopted

    assert asyncio.run(run()) == ["V2", "V3"]
    said: Any = folder.read_host()
    assert said.generation == 3


@pytest.mark.parametrize("error", [ModelRejected("No."), ValueError("/srv/secret")])
def test_a_wish_that_fails_in_any_way_is_told_as_refused(folder: Folder, error: Exception) -> None:
    async def run() -> str | None:
        host, served, app = host_of(folder), FakeServed(), SimpleNamespace(closes=False)
        served.fails["V4"] = error
        wish(folder, 4)
        await host._reload(served, app)  # type: ignore[arg-type]
        return served.trouble

    trouble = asyncio.run(run())
    said: Any = folder.read_host()
    assert (said.generation, said.refused) == (1, 4)
    assert trouble is None or "secret" not in trouble


def test_what_answers_is_kept_for_a_later_start(folder: Folder) -> None:
    async def run() -> None:
        host, served, app = host_of(folder), FakeServed(), SimpleNamespace(closes=False)
        folder.write_spec(replace(SPEC, version="V3", generation=3, alias="live"))
        await host._reload(served, app)  # type: ignore[arg-type]
        served.edition.version.name = "V5"  # as when the alias was moved
        host._say_how(served)  # type: ignore[arg-type]

    asyncio.run(run())
    good = folder.read_good()
    assert good is not None
    assert (good.version, good.generation, good.alias) == ("V5", 3, "live")


def test_a_full_disk_keeps_no_wish_from_being_taken_up(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def run() -> list[str]:
        host, served, app = host_of(folder), FakeServed(), SimpleNamespace(closes=False)
        wish(folder, 3)
        for name in ("write_good", "write_host"):
            monkeypatch.setattr(Folder, name, full)
        await host._reload(served, app)  # type: ignore[arg-type]
        return served.adopted

    assert asyncio.run(run()) == ["V3"]


def test_what_could_not_be_kept_is_kept_once_there_is_room(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def run() -> None:
        host, served, app = host_of(folder), FakeServed(), SimpleNamespace(closes=False)
        wish(folder, 3)
        with monkeypatch.context() as m:
            for name in ("write_good", "write_host"):
                m.setattr(Folder, name, full)
            await host._reload(served, app)  # type: ignore[arg-type]
        assert folder.read_good() is None
        assert not host._is_kept(served)  # type: ignore[arg-type]
        host._say_how(served)  # type: ignore[arg-type]
        assert host._is_kept(served)  # type: ignore[arg-type]

    asyncio.run(run())
    good = folder.read_good()
    assert good is not None and good.version == "V3"


def test_a_host_that_has_handed_over_takes_up_no_wish(folder: Folder) -> None:
    async def run() -> list[str]:
        host, served, app = host_of(folder), FakeServed(), SimpleNamespace(closes=True)
        wish(folder, 3)
        await host._reload(served, app)  # type: ignore[arg-type]
        return served.adopted

    assert asyncio.run(run()) == []
