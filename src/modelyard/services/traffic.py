"""Requests shared between versions, and copied to a challenger."""

from __future__ import annotations

import asyncio
import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from modelyard.errors import ModelyardError, NotFound
from modelyard.json_rows.tensors import HEAD_LENGTH
from modelyard.scoring.frames import JSON, Answer, Call
from modelyard.services.edition import Edition
from modelyard.services.metrics import ShadowFigures

MOST_COPIES = 64
"""Copies under way at once; a challenger that is slower than that misses some."""


@dataclass(slots=True)
class Compared:
    """How a challenger's answers compare with those that were given.

    ``largest`` is the largest absolute difference of two numbers, infinite where one is missing.
    """

    asked: int = 0
    same: int = 0
    differed: int = 0
    failed: int = 0
    missed: int = 0
    largest: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """As it is shown."""
        return {
            "asked": self.asked,
            "same": self.same,
            "differed": self.differed,
            "failed": self.failed,
            "missed": self.missed,
            "largest_difference": self.largest if math.isfinite(self.largest) else None,
        }


class Traffic:
    """Versions beside the one that answers: each of ``split`` answers its share of the requests,
    ``shadow`` is asked what all are asked, and nobody sees its answers."""

    def __init__(
        self,
        split: Sequence[tuple[Edition, float]],
        shadow: Edition | None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._split = split
        self._shadow = shadow
        self._chance = chance
        self._copies: set[asyncio.Task[None]] = set()
        self.compared = Compared()

    @property
    def editions(self) -> list[Edition]:
        """All versions of it."""
        found = [edition for edition, _ in self._split]
        return found if self._shadow is None else [*found, self._shadow]

    def named(self, main: Edition, version: str) -> Edition:
        """The version of this name, one of those that answer.

        Raises:
            NotFound: none of them has it.
        """
        answering = {e.version.name.lower(): e for e in (*(e for e, _ in self._split), main)}
        if (found := answering.get(version.lower())) is None:
            names = ", ".join(sorted(e.version.name for e in answering.values()))
            said = f"This service has no version {version[:80]!r} now."
            raise NotFound(said, hint=f"It has {names}.")
        return found

    def pick(self, main: Edition) -> Edition:
        """The version that answers the next request."""
        if not self._split:
            return main
        at = self._chance()
        for edition, share in self._split:
            at -= share
            if at < 0:
                return edition
        return main

    @property
    def has_shadow(self) -> bool:
        """Whether a challenger is asked too."""
        return self._shadow is not None

    def copy(self, call: Call, request_id: str, seconds: float, given: Answer) -> None:
        """Ask the challenger the same, while the caller has its answer already."""
        if self._shadow is None:
            return
        if len(self._copies) >= MOST_COPIES:
            self.compared.missed += 1
            return
        work = self._ask(self._shadow, call, request_id, seconds, given)
        task = asyncio.get_running_loop().create_task(work)
        self._copies.add(task)
        task.add_done_callback(self._copies.discard)

    def figures(self) -> ShadowFigures | None:
        """How the challenger compares, for Prometheus."""
        if self._shadow is None:
            return None
        compared = self.compared
        results = ("same", "differed", "failed", "missed")
        counts = {result: getattr(compared, result) for result in results}
        return ShadowFigures(self._shadow.version.name, counts, compared.largest)

    def describe(self) -> dict[str, Any]:
        """Shares by version, and how the challenger compares."""
        shares = {edition.version.name: share for edition, share in self._split}
        found: dict[str, Any] = {"split": shares} if shares else {}
        if self._shadow is not None:
            found["shadow"] = {"version": self._shadow.version.name, **self.compared.to_dict()}
        return found

    async def _ask(
        self, shadow: Edition, call: Call, request_id: str, seconds: float, given: Answer
    ) -> None:
        compared = self.compared
        compared.asked += 1
        until = asyncio.get_running_loop().time() + seconds
        try:
            found = await shadow.answer(call, request_id, until, lambda: False)
        except ModelyardError as e:
            compared.failed += 1
            shadow.refused(request_id, e)
            return
        if found.body == given.body or told(found) == told(given):
            compared.same += 1
            return
        compared.differed += 1
        if given.form == found.form == JSON:
            compared.largest = max(compared.largest, difference(given.body, found.body))


def told(answer: Answer) -> tuple[Any, bytes]:
    """What an answer tells beside which version gave it: its JSON, and the bytes behind that."""
    length = len(answer.body) if answer.form == JSON else int(dict(answer.more).get(HEAD_LENGTH, 0))
    said = json.loads(answer.body[:length]) if length else None
    if isinstance(said, dict):
        said.pop("model_version", None)
    return said, answer.body[length:]


def difference(one: bytes, other: bytes) -> float:
    """The largest absolute difference of the numbers of two answers; infinite where they have not
    the same numbers.

    >>> difference(b'{"data": [[0, {"p": 1.5}]]}', b'{"data": [[0, {"p": 1.0}]]}')
    0.5
    """
    a, b = list(_numbers(json.loads(one))), list(_numbers(json.loads(other)))
    if len(a) != len(b):
        return math.inf
    return max((abs(x - y) for x, y in zip(a, b, strict=True)), default=0.0)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _numbers(inner)
