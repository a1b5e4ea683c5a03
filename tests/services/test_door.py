"""A token is looked up once for all who wait, again after a moment, and refused soon after it was
revoked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from modelyard.errors import Unauthenticated
from modelyard.services.protocols import door
from modelyard.services.protocols.door import Door

WHO = (b"Bearer a", "127.0.0.1")


class Book:
    """Who is let in; it counts how often it is opened, and can be held shut."""

    def __init__(self) -> None:
        self.good = {WHO}
        self.looks = 0
        self.is_open = threading.Event()
        self.is_open.set()

    def check(self, authorization: bytes, client: str | None) -> None:
        self.looks += 1
        assert self.is_open.wait(30)
        if (authorization, client) not in self.good:
            raise Unauthenticated("No.")


def within(test: Callable[[Door, Book], Awaitable[None]]) -> None:
    async def run() -> None:
        book = Book()
        with ThreadPoolExecutor(4) as threads:
            await test(Door(book.check, threads), book)

    asyncio.run(run())


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(door, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_all_who_come_at_once_wait_for_one_look():
    async def test(it: Door, book: Book) -> None:
        assert not it.knows(WHO)
        await asyncio.gather(*(it.enter(WHO) for _ in range(50)))
        assert book.looks == 1
        assert it.knows(WHO)

    within(test)


def test_a_caller_who_leaves_takes_nobody_elses_look_along():
    async def test(it: Door, book: Book) -> None:
        book.is_open.clear()
        gone, other = (asyncio.create_task(it.enter(WHO)) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        book.is_open.set()
        await other
        assert book.looks == 1

    within(test)


def test_who_is_refused_is_looked_up_again_each_time():
    async def test(it: Door, book: Book) -> None:
        book.good.clear()
        for _ in range(2):
            with pytest.raises(Unauthenticated):
                await it.enter(WHO)
            assert not it.knows(WHO)
        assert book.looks == 2

    within(test)


def test_another_address_or_token_is_another_caller():
    async def test(it: Door, book: Book) -> None:
        await it.enter(WHO)
        assert not it.knows((WHO[0], "10.0.0.1"))
        assert not it.knows((b"Bearer b", WHO[1]))

    within(test)


def test_a_look_that_is_due_holds_nobody_up_and_finds_what_was_revoked(clock):
    async def test(it: Door, book: Book) -> None:
        await it.enter(WHO)
        clock[0] += door.FRESH_S + 0.01
        book.good.clear()
        book.is_open.clear()
        assert it.knows(WHO)
        assert it.knows(WHO)
        book.is_open.set()
        with pytest.raises(Unauthenticated):
            await it.enter(WHO)
        assert book.looks == 2
        assert not it.knows(WHO)

    within(test)


def test_nobody_is_known_for_longer_than_a_moment(clock):
    async def test(it: Door, book: Book) -> None:
        await it.enter(WHO)
        clock[0] += door.KEPT_S
        assert not it.knows(WHO)

    within(test)
