"""R that crashes, hangs and eats memory under load, aliases that move, deploys that are no good."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.services.conftest import SPACE, Yard
from tests.torture.conftest import Results
from tests.torture.sizes import count, in_two_sizes
from tests.torture.traffic import Line, Reply, Traffic

from modelyard.access import SYSTEM
from modelyard.names import ModelRef, Qualified
from modelyard.registry.log import log_version
from modelyard.registry.types import LogRequest
from modelyard.runtime.manifest import PredictSpec
from modelyard.services.move import move_alias
from modelyard.services.types import Service, State
from modelyard.signature import columns

MODEL = "lm(dist ~ speed, cars)"
TROUBLE = """function(model, input) {
  if (any(input$x == 9001)) tools::pskill(Sys.getpid(), 11L)
  if (any(input$x == 9002)) tools::pskill(Sys.getpid(), 6L)
  if (any(input$x == 9003)) quit(save = "no")
  if (any(input$x == 9004)) repeat {}
  if (any(input$x == 9005)) solve(matrix(stats::runif(4e6), 2000L))
  if (any(input$x == 9006)) { held <- list(); repeat held[[length(held) + 1L]] <- numeric(1e7) + 1 }
  2 * input$x
}"""
CRASHES, HANGS, MEMORY = (9001.0, 9002.0, 9003.0), (9004.0, 9005.0), (9006.0,)
DEADLINE_S = 3.0


def twice(_: str, x: float) -> float:
    return 2 * x


@pytest.fixture(scope="module")
def troubled(yard: Yard) -> Service:
    yard.log("TROUBLE", {"model": MODEL, "body": TROUBLE}, {"x": "double"})
    return yard.deploy("trouble", "TROUBLE/V1", num_workers=2)


@pytest.fixture(scope="module")
def impatient(yard: Yard, troubled: Service) -> Service:
    return yard.deploy("impatient", "TROUBLE/V1", num_workers=2, deadline_s=DEADLINE_S)


def under_load(
    yard: Yard, service: Service, do: Callable[[Callable[..., Awaitable[Reply]]], Awaitable[None]]
) -> Traffic:
    """What good requests get while ``do`` asks for trouble."""

    async def run() -> Traffic:
        assert service.url is not None
        line = Line(service.url, yard.owner)
        async with Traffic(service.url, yard.owner, twice) as traffic:
            await do(line.ask)
        line.close()
        return traffic

    before = yard.host(service).pid
    traffic = asyncio.run(run())
    assert traffic.wrong == [], yard.log_of(service)
    assert traffic.asked > 0
    assert yard.host(service).pid == before
    return traffic


def others(traffic: Traffic) -> str:
    worst = max(traffic.seconds)
    return f"0 of {traffic.asked:,} other requests failed; worst {worst:.2f} s"


@in_two_sizes
def test_a_crash_fails_its_own_request_only(
    yard: Yard, troubled: Service, results: Results, seed: int, share: float
):
    n, draw = count(2000, share, 6), random.Random(seed)

    async def crash(ask: Callable[..., Awaitable[Reply]]) -> None:
        for _ in range(n):
            reply = await ask(draw.choice(CRASHES))
            assert (reply.status, reply.code) == (502, "worker_crashed"), reply
            await asyncio.sleep(draw.uniform(0.0, 0.1))

    traffic = under_load(yard, troubled, crash)
    results.add("R crashes", f"{n:,} requests", "0 failed, recovery < 2 s", others(traffic))


@in_two_sizes
def test_a_hang_ends_at_its_deadline_and_fails_its_own_request_only(
    yard: Yard, impatient: Service, results: Results, seed: int, share: float
):
    n, draw, took = count(500, share, 2), random.Random(seed), []

    async def hang(ask: Callable[..., Awaitable[Reply]]) -> None:
        for i in range(n):
            reply = await ask(HANGS[i % 2])
            assert (reply.status, reply.code) == (504, "model_timeout"), reply
            took.append(reply.seconds)
            await asyncio.sleep(draw.uniform(0.0, 0.1))

    traffic = under_load(yard, impatient, hang)
    over = max(took) - DEADLINE_S
    found = f"{others(traffic)}; longest overrun {over:.2f} s"
    results.add("R hangs, half in C code", f"{n:,} requests", "0 failed, overrun <= 0.5 s", found)


@in_two_sizes
def test_a_request_that_eats_memory_fails_alone(
    yard: Yard, troubled: Service, results: Results, share: float
):
    n = count(100, share, 1)

    async def eat(ask: Callable[..., Awaitable[Reply]]) -> None:
        for _ in range(n):
            reply = await ask(*MEMORY)
            assert (reply.status, reply.code) == (422, "memory_limit"), reply

    traffic = under_load(yard, troubled, eat)
    results.add("memory beyond its limit", f"{n:,} requests", "0 failed", others(traffic))


@in_two_sizes
def test_workers_the_kernel_kills_fail_no_request(
    yard: Yard, troubled: Service, results: Results, seed: int, share: float
):
    """As it does when memory runs out: no request of a killed worker is guilty."""
    n, draw = count(100, share, 3), random.Random(seed)
    host = yard.host(troubled).pid

    async def kill(_: object) -> None:
        for _ in range(n):
            while not (workers := children(host)):
                await asyncio.sleep(0.01)
            with suppress(ProcessLookupError):
                os.kill(draw.choice(workers), signal.SIGKILL)
            await asyncio.sleep(draw.uniform(0.5, 1.5))

    traffic = under_load(yard, troubled, kill)
    goal = "0 failed, recovery < 2 s"
    results.add("workers killed as out of memory", f"{n:,} kills", goal, others(traffic))


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def point(yard: Yard, model: str, version: str) -> None:
    named = Qualified(SPACE, model)
    move_alias(yard.account, SYSTEM, ModelRef(named, version=version), "production")


@in_two_sizes
def test_an_alias_that_moves_fails_nothing_and_mixes_nothing(
    yard: Yard, results: Results, share: float
):
    moves, low_and_high = count(200, share, 4), ("+ 0", "+ 1000")
    model = f"MOVING{moves}"
    for plus in low_and_high:
        body = f"function(model, input) input$x {plus}"
        yard.log(model, {"model": MODEL, "body": body}, {"x": "double"})
    point(yard, model, "V1")
    service = yard.deploy(model, f"{model}@production", num_workers=1)
    took: list[float] = []

    async def move(url: str) -> Traffic:
        line = Line(url, yard.owner)
        want = {"V1": 0.0, "V2": 1000.0}
        async with Traffic(url, yard.owner, lambda v, x: x + want.get(v, 0.5), rate=200) as traffic:
            for i in range(moves):
                version, begun = ("V2", "V1")[i % 2], time.monotonic()
                await asyncio.to_thread(point, yard, model, version)
                took.append(time.monotonic() - begun)
                answered = (await line.ask(1.0)).headers["x-modelyard-version"]
                assert answered == version, yard.log_of(service)
        line.close()
        return traffic

    assert service.url is not None
    traffic = asyncio.run(move(service.url))
    assert traffic.wrong == []
    assert traffic.seen.keys() == {"V1", "V2"}
    slowest = max(took[1:])  # the first had to start its workers
    found = f"0 of {traffic.asked:,} requests failed, 0 mixed; slowest way back {slowest:.2f} s"
    results.add("alias moves at 200 requests/s", f"{moves:,} moves", "0 failed, 0 mixed", found)


BROKEN = {
    "missing package": None,
    "wrong output": "value <- function(x) x + 1",
    "stop() at load": '.onLoad <- function(...) stop("not today")\nvalue <- function(x) x',
    "hang at load": ".onLoad <- function(...) repeat {}\nvalue <- function(x) x",
    "out of memory at load": ".onLoad <- function(...) { held <- list(); "
    "repeat held[[length(held) + 1L]] <- numeric(1e7) + 1 }\nvalue <- function(x) x",
}


@in_two_sizes
def test_a_deploy_that_is_no_good_leaves_the_old_serving(
    yard: Yard, tmp_path: Path, results: Results, share: float
):
    """V2 needs a package that was good when it was logged, and is not when it is deployed."""
    library = Path(yard.account.settings.r_libs)
    good = installed(tmp_path, "good", "value <- function(x) x")
    broken = {
        kind: None if code is None else installed(tmp_path, kind, code)
        for kind, code in BROKEN.items()
    }
    model = f"FICKLE{count(1000, share, 1)}"
    yard.log(model, {"model": MODEL, "body": "function(model, input) input$x"}, {"x": "double"})
    put(library, good)
    log_fickle(yard, model)
    point(yard, model, "V1")
    service = yard.deploy(model, f"{model}@production", num_workers=1)

    async def deploy_all(url: str) -> Traffic:
        async with Traffic(url, yard.owner, lambda _, x: x) as traffic:
            for kind, package in broken.items():
                put(library, package)
                await asyncio.to_thread(point, yard, model, "V2")
                degraded = await asyncio.to_thread(yard.until, model, State.DEGRADED)
                assert "V2 cannot replace V1" in (degraded.status.cause or ""), kind
                await asyncio.to_thread(point, yard, model, "V1")
                await asyncio.to_thread(yard.until, model, State.READY)
            assert traffic.seen.keys() == {"V1"}
            put(library, good)
            await asyncio.to_thread(point, yard, model, "V2")  # which was never to blame
            async with asyncio.timeout(60):
                while "V2" not in traffic.seen:
                    await asyncio.sleep(0.05)
        return traffic

    assert service.url is not None
    traffic = asyncio.run(deploy_all(service.url))
    assert traffic.wrong == []
    done = f"{len(broken)} kinds: {', '.join(broken)}"
    results.add("broken deploys", done, "the old keeps serving", others(traffic))


def installed(folder: Path, kind: str, code: str) -> Path:
    """A package ``fickle`` with this code, installed."""
    root = folder / kind.replace(" ", "_").strip("()")
    source = root / "source" / "fickle"
    (source / "R").mkdir(parents=True)
    (source / "DESCRIPTION").write_text(
        "Package: fickle\nVersion: 1.0\nTitle: Fickle\nDescription: For tests.\n"
        "License: GPL-3\nAuthor: A\nMaintainer: A <a@example.org>\n"
    )
    (source / "NAMESPACE").write_text("export(value)\n")
    (source / "R" / "code.R").write_text(code + "\n")
    command = ["R", "CMD", "INSTALL", "--no-docs", "--no-test-load", f"--library={root}", source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return root / "fickle"


def put(library: Path, package: Path | None) -> None:
    """Have this package in the library of all workers, or none."""
    shutil.rmtree(library / "fickle", ignore_errors=True)
    if package is not None:
        shutil.copytree(package, library / "fickle")


def log_fickle(yard: Yard, model: str) -> None:
    body = "function(model, input) fickle::value(input$x)"
    files = {"model": MODEL, "body": body}
    digests = {r: yard.account.artifacts.put(yard.make_rds(c)).digest for r, c in files.items()}
    request = LogRequest(
        files=digests,
        inputs=columns({"x": "double"}),
        outputs=columns({"prediction": "double"}),
        predict=PredictSpec(packages=("fickle",)),
    )
    log_version(yard.account, SYSTEM, Qualified(SPACE, model), request, None)
