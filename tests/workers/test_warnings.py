"""What R warns of in a joined call is told to whose rows it is of: a real R in each worker."""

from __future__ import annotations

import asyncio

import pytest
from tests.workers.test_crew import CRASH, SLOW, Asked, crew

from modelyard.errors import Overloaded
from modelyard.workers.usual import SURE_AFTER, Usual

__all__ = ["crew"]

BAD = "for (x in input$x[input$x >= 100]) warning('bad value ', x);"
ALWAYS = "warning('rank-deficient');"


async def told(it: Asked, xs: list[float], **more: float) -> list[tuple[float, tuple[str, ...]]]:
    """Values and warnings of requests that wait while R works on another."""
    first = it.ask(0.0)
    parts = await asyncio.gather(*(it.ask(x, **more) for x in xs))
    await first
    return [(part.table["prediction"][0].as_py(), part.call.warnings) for part in parts]


def alone(xs: list[float]) -> list[tuple[float, tuple[str, ...]]]:
    """What each would get if it were the only one."""
    return [(2 * x, (f"bad value {x:g}",) if x >= 100 else ()) for x in xs]


def test_a_warning_of_one_s_rows_is_told_to_nobody_else(crew):
    async def story(it: Asked) -> None:
        xs = [1.0, 100.0, 2.0, 101.0]
        assert await told(it, xs) == alone(xs)
        figures = it.crew.figures
        assert (figures.joined, figures.calls, figures.rows) == ({1: 5, 4: 1}, 6, 5)
        assert (figures.crashes, figures.starts) == (0, 1)

    crew(SLOW + BAD, story)


def test_what_the_first_requests_warned_of_is_not_yet_usual(crew):
    async def story(it: Asked) -> None:
        for _ in range(SURE_AFTER - 2):
            assert (await it.ask(100.0)).call.warnings == ("bad value 100",)
        xs = [100.0, 1.0, 100.0, 2.0]
        parts = await asyncio.gather(*(it.ask(x) for x in xs))
        assert [(2 * x, part.call.warnings) for x, part in zip(xs, parts, strict=True)] == alone(xs)

    crew(BAD, story)


def test_a_warning_the_model_always_gives_does_not_keep_requests_apart(crew):
    async def story(it: Asked) -> None:
        for _ in range(SURE_AFTER - 1):
            await it.ask(1.0)
        xs = [float(x) for x in range(1, 41)]
        assert await told(it, xs) == [(2 * x, ("rank-deficient",)) for x in xs]
        assert it.crew.figures.joined == {1: SURE_AFTER, 40: 1}

    crew(SLOW + ALWAYS, story)


def test_beside_a_usual_warning_one_s_own_is_told_to_nobody_else(crew):
    async def story(it: Asked) -> None:
        for _ in range(SURE_AFTER):
            await it.ask(1.0)
        xs = [1.0, 100.0, 2.0]
        expected = [(value, ("rank-deficient", *own)) for value, own in alone(xs)]
        assert await told(it, xs) == expected
        xs = [1.0, 2.0, 3.0]
        assert await told(it, xs) == [(2 * x, ("rank-deficient",)) for x in xs]
        assert it.crew.figures.joined[3] == 2

    crew(SLOW + ALWAYS + BAD, story)


def test_being_asked_again_for_a_warning_is_no_try_that_ended_a_worker(crew):
    """One that is killed is asked three times, also after a joined call that warned."""
    once = "if (any(input$x == 13) && nrow(input) > 1) { warning('thirteen'); return(input$x) };"

    async def story(it: Asked) -> None:
        first = it.ask(0.0)
        found = await asyncio.gather(it.value(13.0), it.value(1.0), return_exceptions=True)
        await first
        assert found[1] == 2.0
        assert type(found[0]).__name__ == "WorkerCrashed"
        assert it.crew.figures.crashes == 3

    crew(SLOW + once + CRASH, story)


def test_a_request_that_is_asked_again_keeps_its_deadline(crew):
    slow = "if (nrow(input) > 1) Sys.sleep(0.3) else if (all(input$x >= 100)) Sys.sleep(1);"

    async def story(it: Asked) -> None:
        first = it.ask(0.0)
        found = await asyncio.gather(
            it.value(100.0), it.value(1.0, deadline_s=1.5), return_exceptions=True
        )
        await first
        assert found[0] == 200.0
        assert isinstance(found[1], Overloaded)

    crew(SLOW + slow + BAD, story)


@pytest.mark.parametrize("calls", [0, 1, SURE_AFTER - 1])
def test_nothing_is_usual_after_few_calls(calls):
    usual = Usual()
    for _ in range(calls):
        usual.heard(["a"])
    assert not usual.covers(["a"])
    assert usual.is_unsure == (calls > 0)


def test_what_one_call_does_not_warn_of_is_never_usual_again():
    usual = Usual()
    for _ in range(SURE_AFTER):
        usual.heard(["a", "b"])
    assert usual.covers(["a", "b"]) and not usual.covers(["a", "c"])
    usual.heard(["b", "c"])
    assert usual.covers(["b"]) and not usual.covers(["a"])
    usual.heard([])
    for _ in range(2 * SURE_AFTER):
        usual.heard(["b"])
    assert not usual.covers(["b"]) and not usual.is_unsure
