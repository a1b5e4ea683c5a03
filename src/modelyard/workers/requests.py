"""What waits for a worker, what becomes of it, and the rules by which it is asked."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

import msgspec
import pyarrow as pa

from modelyard.errors import Internal, ModelyardError

log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


class Waiting(msgspec.Struct, eq=False):
    """A request that waits: its rows, in whatever form ``Rules.table`` joins, and its end."""

    rows: Any
    count: int
    size: int
    request_id: str
    until: float
    """The loop's time at which it is too late."""
    future: asyncio.Future[Part]
    is_gone: Callable[[], bool]
    since: float = 0.0
    tries: int = 0
    alone: bool = False


class Part(msgspec.Struct, frozen=True, gc=False):
    """The answer to one request: rows ``start`` to ``stop`` of a call's, all of them checked."""

    call: Answered
    start: int
    stop: int

    @property
    def table(self) -> pa.Table:
        """Its own rows."""
        whole = self.call.table
        if self.start == 0 and self.stop == whole.num_rows:
            return whole
        return whole.slice(self.start, self.stop - self.start)


@dataclass(slots=True)
class Answered:
    """What one call of R gave; ``kept`` is for what its requests share when they are written.

    ``lead`` is the first of its requests: what R says meanwhile is logged under its id.
    """

    table: pa.Table
    warnings: tuple[str, ...]
    requests: int
    lead: str
    kept: Any = None


@dataclass(frozen=True, slots=True)
class Rules:
    """How the requests of a version are asked.

    ``table`` makes one table of the rows of several requests, ``check`` brings an answer to the
    contract, given how many rows were asked. ``joins``: rows do not depend on each other;
    ``seeded``: R's random numbers start from the request's id.
    """

    table: Callable[[Sequence[Any]], pa.Table]
    check: Callable[[pa.Table, int], pa.Table]
    joins: bool
    seeded: bool
    most_rows: int = 10_000
    most_waiting: int = 1024
    most_growth_bytes: int = 2**30


@dataclass(slots=True)
class Figures:
    """What has happened, counted from the start; ``joined`` counts calls by their requests."""

    calls: int = 0
    rows: int = 0
    crashes: int = 0
    starts: int = 0
    dropped: int = 0
    refused: int = 0
    joined: Counter[int] = field(default_factory=Counter)
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=64))
    """When workers died, by the loop's clock."""


def tried(step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | ModelyardError:
    """What a step of a call gives, or what to tell its requests: a fault of ours, which is logged,
    must not leave them without a word, or the crew without a worker."""
    try:
        return step(*args, **kwargs)
    except ModelyardError as e:
        return e
    except Exception:
        log.exception("a call could not be put to the model or read")
        return Internal("The request could not be put to the model, or its answer not read.")


def give(one: Waiting, part: Part) -> None:
    """Give a request its answer, unless it is told of something already."""
    if not one.future.done():
        one.future.set_result(part)


def tell(one: Waiting, error: ModelyardError) -> None:
    """Tell a request what became of it, unless it is told of something already."""
    if not one.future.done():
        one.future.set_exception(error)
