"""What is given to a ring is written or counted, and giving never waits."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable
from typing import Any

from modelyard.services.ring import Ring


class Kept:
    """A sink that keeps what it takes, once ``gate`` is open."""

    def __init__(self, *, is_open: bool = True, fault: Exception | None = None) -> None:
        self.lost = 0
        self.things: list[Any] = []
        self.flushed: list[bool] = []
        self.stuck = threading.Event()
        self.gate = threading.Event()
        self.fault = fault
        if is_open:
            self.gate.set()

    def take(self, things: list[Any]) -> None:
        self.stuck.set()
        self.gate.wait()
        if self.fault is not None:
            raise self.fault
        self.things += things

    def flush(self, *, last: bool) -> None:
        self.flushed.append(last)


def until(true: Callable[[], bool]) -> None:
    patience = time.monotonic() + 20
    while not true():
        assert time.monotonic() < patience
        time.sleep(0.005)


def test_things_are_written_in_their_order_and_the_last_at_the_end() -> None:
    sink = Kept()
    ring = Ring("t", sink, 10_000, 0.01)
    ring.start()
    for i in range(1000):
        ring.put(i)
    ring.close()
    assert sink.things == list(range(1000))
    assert sink.flushed[-1] is True
    assert ring.dropped == 0


def test_while_the_sink_is_stuck_what_has_no_room_is_dropped_and_counted() -> None:
    sink = Kept(is_open=False)
    ring = Ring("t", sink, 100, 0.01)
    ring.start()
    ring.put("first", 40)
    sink.stuck.wait()
    for i in range(1000):
        ring.put(i)  # would hang here, were it to wait for the sink
    assert ring.dropped == 940
    sink.gate.set()
    until(lambda: len(sink.things) == 61)
    assert sink.things == ["first", *range(60)]

    def fits() -> bool:
        before = ring.dropped
        ring.put("heavy", 100)
        return ring.dropped == before

    until(fits)
    ring.close()
    assert sink.things[-1] == "heavy"


def test_a_sink_that_fails_loses_what_it_took_and_no_more() -> None:
    sink = Kept(fault=OSError(errno.ENOSPC, "No space left on device"))
    ring = Ring("t", sink, 100, 0.01)
    ring.start()
    for i in range(5):
        ring.put(i)
    until(lambda: ring.dropped == 5)
    sink.fault = None
    ring.put("again")
    ring.close()
    assert sink.things == ["again"]
    assert ring.dropped == 5
