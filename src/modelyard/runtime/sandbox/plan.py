"""What a worker is to be shut into, and what of it took effect."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from modelyard.errors import InvalidValue


class Level(StrEnum):
    """How well a worker is shut in.

    ``full``: the kernel refuses it every file and every call that it was not granted, with no
    privilege left. ``partial``: one of these is missing. ``none``: it can do what its user can.
    """

    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"

    @classmethod
    def parse(cls, text: str) -> Level:
        """The level of this name.

        Raises:
            InvalidValue: there is none of it.
        """
        try:
            return cls(text)
        except ValueError:
            raise InvalidValue(f"min_isolation is full, partial or none, not {text!r}.") from None

    def at_least(self, other: Level) -> bool:
        """Whether it is no weaker than ``other``.

        >>> Level.FULL.at_least(Level.PARTIAL), Level.NONE.at_least(Level.PARTIAL)
        (True, False)
        """
        order = list(Level)
        return order.index(self) >= order.index(other)


LAYERS = ("privileges", "limits", "files", "calls")
"""What :func:`~modelyard.runtime.sandbox.enter` puts on, in this order."""


class Plan(msgspec.Struct, frozen=True):
    """What one worker may use.

    ``folder`` is its own, the only place it may write to. ``hidden`` are paths that it must not
    be able to read, tried after entering. ``uid`` is the user id it was given for itself, if any.
    ``cpus`` are the processors it may run on, none where all are. ``layers`` are those to put on:
    fewer than all only to show that an attack is a real one. ``notes`` are what the parent has to
    say, and come back in :class:`Isolation`.
    """

    folder: str
    memory_bytes: int
    file_bytes: int
    hidden: tuple[str, ...] = ()
    uid: int | None = None
    cpus: tuple[int, ...] = ()
    layers: tuple[str, ...] = LAYERS
    notes: tuple[str, ...] = ()


class Isolation(msgspec.Struct, frozen=True):
    """How well a worker is shut in, as it found by trying after it had entered.

    ``missing`` says what is not in force and why; ``notes`` what else an operator should know;
    ``seconds`` is what entering took.
    """

    level: Level
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


def level_of(in_force: Iterable[str]) -> Level:
    """The level that these layers make.

    >>> level_of(LAYERS).value, level_of({"privileges", "limits"}).value
    ('full', 'none')
    """
    found = set(in_force)
    if found >= set(LAYERS):
        return Level.FULL
    return Level.PARTIAL if found & {"files", "calls"} else Level.NONE
