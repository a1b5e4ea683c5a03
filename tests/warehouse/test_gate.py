"""The gate: many at once, or one alone."""

from __future__ import annotations

import threading
import time

import pytest

from modelyard.warehouse.gate import Gate


def run(work) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_one_alone_waits_for_those_inside_and_keeps_others_out():
    gate, order = Gate(), []

    def alone() -> None:
        with gate.exclusive(5.0):
            order.append("alone")

    def beside() -> None:
        with gate.shared():
            order.append("beside")

    with gate.shared():
        first = run(alone)
        time.sleep(0.1)
        second = run(beside)
        time.sleep(0.1)
        order.append("inside")
    first.join(5)
    second.join(5)
    assert order == ["inside", "alone", "beside"]


def test_who_is_inside_may_enter_again_while_another_waits_to_be_alone():
    gate, entered = Gate(), threading.Event()

    def alone() -> None:
        with gate.exclusive(5.0):
            pass

    def twice() -> None:
        with gate.shared():
            waiting = run(alone)
            time.sleep(0.1)
            with gate.shared():
                entered.set()
        waiting.join(5)
        assert not waiting.is_alive()

    run(twice)
    assert entered.wait(5)
    with gate.exclusive(5.0):  # nobody was left inside
        pass


def test_who_waits_too_long_to_be_alone_lets_the_others_go_on():
    gate, entered, leave = Gate(), threading.Event(), threading.Event()

    def stay():
        with gate.shared():
            entered.set()
            leave.wait(10)

    other = threading.Thread(target=stay)
    other.start()
    entered.wait(10)
    with pytest.raises(TimeoutError), gate.exclusive(0.05):
        pass
    with gate.shared():  # nobody keeps it shut
        leave.set()
    other.join()
    with gate.exclusive(5.0):
        pass
