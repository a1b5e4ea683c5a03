"""How many workers a service has: what is asked of it decides, within what its deploy allows."""

from __future__ import annotations

from dataclasses import dataclass

from modelyard.services.options import Options

QUEUE_S = 0.1
"""A request that waits longer than this asks for another instance."""
STEP_S = 2.0
"""Between one step up and the next: the last one has to show what it does."""


@dataclass(frozen=True, slots=True)
class Range:
    """From ``least`` to ``most`` workers, in steps of ``step``: those of one instance.

    >>> Range.of(Options(num_workers=2, min_instances=0, max_instances=3))
    Range(least=0, most=6, step=2)
    """

    least: int
    most: int
    step: int

    @classmethod
    def of(cls, options: Options) -> Range:
        """What a deploy allows; without ``min_instances``, one instance is always there."""
        step = options.num_workers or 1
        least = 1 if options.min_instances is None else options.min_instances
        return cls(least * step, max(options.max_instances, least) * step, step)


@dataclass(frozen=True, slots=True)
class Load:
    """What a crew looks like at one moment; times in seconds.

    ``queue_s`` is how long the first of those that wait has waited, ``idle_s`` how long nobody
    asked anything, ``since_step_s`` how long ago the size was changed.
    """

    size: int
    waiting: int
    busy: int
    queue_s: float
    idle_s: float
    since_step_s: float


def next_size(load: Load, allowed: Range, patience_s: float) -> int:
    """How many workers to want next; an instance goes after ``patience_s`` without a request.

    >>> allowed = Range(0, 4, 2)
    >>> next_size(Load(2, 9, 2, 0.5, 0.0, 9.0), allowed, 300.0)
    4
    >>> next_size(Load(2, 0, 0, 0.0, 301.0, 400.0), allowed, 300.0)
    0
    """
    if load.waiting and load.size == 0:
        return min(allowed.step, allowed.most)
    if load.waiting and load.queue_s > QUEUE_S and load.since_step_s > STEP_S:
        return min(load.size + allowed.step, allowed.most)
    is_idle = not load.waiting and not load.busy and load.idle_s > patience_s
    if is_idle and load.since_step_s > patience_s:
        return max(load.size - allowed.step, allowed.least)
    return load.size
