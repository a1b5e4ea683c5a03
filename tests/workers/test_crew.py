"""Requests that wait are joined, and none pays for another: a real R in each worker."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyarrow as pa
import pytest

from modelyard.errors import (
    Internal,
    ModelError,
    ModelTimeout,
    ModelyardError,
    Overloaded,
    Unavailable,
    WorkerCrashed,
)
from modelyard.workers.crew import Crew
from modelyard.workers.lease import Worker
from modelyard.workers.requests import Rules, Waiting

RULES = Rules(
    table=pa.concat_tables, check=lambda table, _: table, joins=True, seeded=False, most_rows=100
)
SLOW = "if (any(input$x == 0)) Sys.sleep(0.4);"
CRASH = "if (any(input$x == 13)) tools::pskill(Sys.getpid(), 9L);"
SEGV = "if (any(input$x == 13)) { f <- function(n) f(n + 1); options(expressions = 5e5); tools::pskill(Sys.getpid(), 11L) };"
FAIL = "if (any(input$x == 13)) stop('thirteen');"
HANG = "if (any(input$x == 13)) repeat {};"


class Asked:
    """A crew, and requests of one row each."""

    def __init__(self, crew: Crew) -> None:
        self.crew = crew
        self.loop = asyncio.get_running_loop()

    def ask(
        self, x: float, *, deadline_s: float = 20.0, is_gone: Callable[[], bool] = lambda: False
    ) -> asyncio.Future:
        future = self.loop.create_future()
        rows = pa.table({"x": [x]})
        until = self.loop.time() + deadline_s
        self.crew.submit(Waiting(rows, 1, 100, f"r{x}", until, future, is_gone))
        return future

    async def value(self, x: float, **more: object) -> float:
        part = await self.ask(x, **more)
        return float(part.table["prediction"][0].as_py())

    async def behind(self, xs: list[float], **more: object) -> list[object]:
        """What requests get that wait while R works on another."""
        first = self.ask(0.0)
        found = await asyncio.gather(*(self.value(x, **more) for x in xs), return_exceptions=True)
        await first
        return found


@pytest.fixture
def crew(workshop):
    """Run a story with a crew of a predict body."""

    def run(
        body: str,
        story: Callable[[Asked], Awaitable[None]],
        *,
        workers: int = 1,
        rules: Rules = RULES,
    ) -> None:
        pool = workshop.pool(max_workers=1)
        manifest = workshop.manifest(
            "1", {"x": "double"}, body=f"function(model, input) {{ {body} input$x * 2 }}"
        )

        async def told() -> None:
            with ThreadPoolExecutor(4) as threads:
                made = Crew(lambda: pool.hand_out(manifest), threads, rules, workers)
                await made.ready()
                try:
                    await story(Asked(made))
                finally:
                    made.close()

        asyncio.run(told())
        pool.close()

    return run


def test_requests_that_wait_become_one_call_and_get_their_own_rows(crew):
    async def story(it: Asked) -> None:
        xs = [float(x) for x in range(1, 41)]
        assert await it.behind(xs) == [2 * x for x in xs]
        assert it.crew.figures.joined == {1: 1, 40: 1}
        assert it.crew.figures.rows == 41

    crew(SLOW, story)


def test_quick_calls_share_the_requests_between_them(crew):
    """So that R works on some while the answers of others are written."""

    async def story(it: Asked) -> None:
        xs = [float(x) for x in range(1, 401)]
        for _ in range(5):  # R compiles what it has run twice
            await it.ask(0.0)
        found = await asyncio.gather(*(it.value(x) for x in xs))  # the first is asked at once
        assert found == [2 * x for x in xs]
        assert it.crew.figures.joined == {1: 6, 200: 1, 199: 1}

    crew("", story, rules=replace(RULES, most_rows=1000))


def test_a_call_has_no_more_rows_than_allowed(crew):
    async def story(it: Asked) -> None:
        await it.behind([1.0] * 25)
        assert it.crew.figures.joined == {1: 1, 10: 2, 5: 1}

    crew(SLOW, story, rules=replace(RULES, most_rows=10))


def test_rows_that_depend_on_each_other_are_never_joined(crew):
    async def story(it: Asked) -> None:
        assert await it.behind([1.0, 2.0, 3.0]) == [2.0, 4.0, 6.0]
        assert it.crew.figures.joined == {1: 4}

    crew(SLOW, story, rules=replace(RULES, joins=False))


@pytest.mark.parametrize(
    ("fault", "error"),
    [(CRASH, WorkerCrashed), (SEGV, WorkerCrashed), (FAIL, ModelError), (HANG, ModelTimeout)],
    ids=["killed", "segfault", "error", "hang"],
)
def test_of_a_joined_call_only_the_guilty_request_fails(crew, fault, error):
    async def story(it: Asked) -> None:
        found = await it.behind([1.0, 2.0, 13.0, 3.0], deadline_s=6.0)
        assert [f for f in found if not isinstance(f, ModelyardError)] == [2.0, 4.0, 6.0]
        assert type(found[2]) is error
        assert await it.value(5.0) == 10.0

    crew(SLOW + fault, story)


def test_a_request_that_ended_a_worker_is_asked_again_behind_those_who_wait(crew):
    asked = []

    def table(tables: list[pa.Table]) -> pa.Table:
        asked.append([x for one in tables for x in one["x"].to_pylist()])
        return pa.concat_tables(tables)

    async def story(it: Asked) -> None:
        guilty, good = it.ask(13.0), it.ask(1.0)
        with pytest.raises(WorkerCrashed):
            await guilty
        assert good.done()
        assert asked == [[13.0], [1.0], [13.0]]

    crew(SEGV, story, rules=replace(RULES, table=table))


def test_a_request_whose_worker_is_killed_again_is_not_held_guilty(crew):
    async def story(it: Asked) -> None:
        asked = it.ask(0.0)
        for killed in range(2):
            while it.crew.figures.crashes < killed or not it.crew.busy:
                await asyncio.sleep(0.001)
            (worker,) = it.crew._busy
            os.kill(worker._worker._process.popen.pid, signal.SIGKILL)
            while it.crew.figures.crashes == killed:
                await asyncio.sleep(0.001)
        assert (await asked).table["prediction"].to_pylist() == [0.0]

    crew(SLOW, story)


def test_an_answer_that_breaks_the_contract_costs_its_own_request_only(crew):
    def check(table: pa.Table, _: int) -> pa.Table:
        if 26.0 in table["prediction"].to_pylist():
            raise ModelError("26 is not allowed")
        return table

    async def story(it: Asked) -> None:
        found = await it.behind([1.0, 13.0, 2.0])
        assert (found[0], found[2]) == (2.0, 4.0)
        assert isinstance(found[1], ModelError)

    crew(SLOW, story, rules=replace(RULES, check=check))


@pytest.mark.parametrize("step", ["table", "check"])
def test_a_fault_of_ours_costs_its_own_request_only(crew, step):
    def failing(found: object, *count: int) -> pa.Table:
        table = pa.concat_tables(found) if step == "table" else found
        if 13.0 in table[0].to_pylist() or 26.0 in table[0].to_pylist():
            raise ValueError("a secret")
        return table

    async def story(asked):
        found = await asyncio.gather(
            *(asked.value(x) for x in (1.0, 13.0, 2.0)), return_exceptions=True
        )
        assert [found[0], found[2]] == [2.0, 4.0]
        assert isinstance(found[1], Internal) and "secret" not in str(found[1])
        assert await asked.value(3.0) == 6.0  # and its worker goes on
        assert asked.crew.figures.starts == 1

    crew("", story, rules=replace(RULES, **{step: failing}))


def test_rows_that_cannot_be_sent_cost_their_own_request_only(crew, monkeypatch):
    sent = Worker.pieces

    def pieces(self, rows):
        if 13.0 in rows["x"].to_pylist():
            raise ValueError("a secret")
        return sent(self, rows)

    async def story(asked):
        monkeypatch.setattr(Worker, "pieces", pieces)
        found = await asyncio.gather(
            *(asked.value(x) for x in (1.0, 13.0, 2.0)), return_exceptions=True
        )
        assert [found[0], found[2]] == [2.0, 4.0]
        assert isinstance(found[1], Internal)
        assert await asked.value(3.0) == 6.0
        assert asked.crew.figures.starts == 1

    crew("", story)


def test_what_a_gone_caller_asked_is_not_asked(crew):
    gone = []

    async def story(it: Asked) -> None:
        first = it.ask(0.0)
        left, stayed = it.ask(1.0, is_gone=lambda: bool(gone)), it.ask(2.0)
        gone.append(True)
        await asyncio.gather(first, stayed)
        assert left.cancelled()
        assert it.crew.figures.dropped == 1
        assert it.crew.figures.rows == 2

    crew(SLOW, story)


def test_a_deadline_passes_while_a_request_waits(crew):
    async def story(it: Asked) -> None:
        first = it.ask(0.0)
        with pytest.raises(Overloaded, match="before the deadline"):
            await it.value(1.0, deadline_s=0.1)
        await first

    crew(SLOW, story)


def test_beyond_the_places_to_wait_requests_are_refused(crew):
    async def story(it: Asked) -> None:
        asked = [it.ask(0.0), it.ask(1.0), it.ask(2.0)]
        with pytest.raises(Overloaded, match="waiting already"):
            it.ask(3.0)
        await asyncio.gather(*asked)

    crew(SLOW, story, rules=replace(RULES, most_waiting=2))


def test_workers_work_side_by_side(crew):
    async def story(it: Asked) -> None:
        begun = it.loop.time()
        await asyncio.gather(it.ask(0.0), it.ask(0.0), it.ask(0.0))
        assert it.crew.workers == 3
        assert it.crew.figures.joined == {1: 3}
        assert it.loop.time() - begun < 3 * 0.4

    crew(SLOW, story, workers=3)


def test_a_worker_that_dies_while_it_is_idle_is_replaced(crew):
    async def story(it: Asked) -> None:
        pid = int((await it.value(1.0)) / 2)
        os.kill(pid, signal.SIGKILL)
        for _ in range(500):
            if it.crew.figures.crashes:
                break
            await asyncio.sleep(0.01)
        assert int((await it.value(1.0)) / 2) != pid

    crew("input$x <- Sys.getpid();", story)


def test_workers_that_only_die_open_the_circuit_with_the_cause(crew):
    async def story(it: Asked) -> None:
        for _ in range(3):
            with pytest.raises((WorkerCrashed, Unavailable)):
                await it.value(1.0)
        while it.crew.workers:
            with pytest.raises((WorkerCrashed, Unavailable)):
                await it.value(1.0)
        with pytest.raises(Unavailable, match="SIGKILL"):
            it.ask(1.0)
        assert "SIGKILL" in (it.crew.cause or "")

    crew("tools::pskill(Sys.getpid(), 9L); Sys.sleep(9);", story)


def test_a_large_request_is_asked_in_slices(crew):
    async def story(it: Asked) -> None:
        n = 300_000
        future = it.loop.create_future()
        rows = pa.table({"x": [float(i) for i in range(n)]})
        it.crew.submit(Waiting(rows, n, n, "large", it.loop.time() + 60, future, lambda: False))
        part = await future
        assert part.table["prediction"].to_pylist() == [2.0 * i for i in range(n)]

    crew("", story)


def test_a_crew_that_drains_answers_what_waits_and_takes_no_more(crew):
    async def story(it: Asked) -> None:
        asked = [it.ask(0.0), it.ask(1.0)]
        done = asyncio.create_task(it.crew.drained())
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="replaced"):
            it.ask(2.0)
        await done
        assert all(one.done() and not one.exception() for one in asked)

    crew(SLOW, story)


def test_a_crew_that_drains_replaces_a_worker_that_dies(crew):
    async def story(it: Asked) -> None:
        it.crew.figures.recent.clear()
        asked = [it.ask(0.0), it.ask(13.0), it.ask(1.0), it.ask(2.0)]
        await asyncio.sleep(0)
        await asyncio.wait_for(it.crew.drained(), 30)
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(found[1], WorkerCrashed)
        good = [part.table["prediction"][0].as_py() for i, part in enumerate(found) if i != 1]
        assert good == [0.0, 2.0, 4.0]

    crew(SLOW + CRASH, story)


def test_at_rest_there_is_no_worker_and_the_first_request_is_held(crew):
    async def story(it: Asked) -> None:
        it.crew.resize(0)
        assert it.crew.workers == 0
        assert await it.value(1.0) == 2.0
        assert it.crew.workers == 0
        it.crew.resize(2)
        await it.crew.ready()
        assert it.crew.workers == 2

    crew("", story)


def test_a_worker_that_speaks_unasked_is_replaced(crew):
    async def story(it: Asked) -> None:
        (live,) = it.crew._idle
        live.buffer_updated(live.get_buffer(99)[:16].nbytes)  # sixteen bytes nobody asked for
        for _ in range(500):
            if it.crew.figures.crashes:
                break
            await asyncio.sleep(0.01)
        assert live not in it.crew._idle
        assert await it.value(1.0) == 2.0

    crew("", story)


def test_who_still_waits_when_a_crew_ends_is_told(crew):
    async def story(it: Asked) -> None:
        asked = [it.ask(0.0), it.ask(1.0)]
        await asyncio.sleep(0.1)
        it.crew.close()
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(f) for f in found] == [Unavailable, Unavailable]

    crew(SLOW, story)
