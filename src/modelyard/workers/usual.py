"""Which of R's warnings are the model's own, whatever the rows."""

from __future__ import annotations

from collections.abc import Sequence

SURE_AFTER = 5
"""Calls that all gave a warning before it counts as usual: the first may all be of bad rows."""


class Usual:
    """Warnings that every call so far has given, such as that a fit is rank-deficient.

    A joined call that gives others is asked again, each request alone: they may be of one's rows
    and tell its values to the rest. Texts are only ever struck out, so most models soon have none.
    """

    def __init__(self) -> None:
        self._texts: frozenset[str] | None = None
        self._heard = 0
        self.is_unsure = False
        """Whether all calls so far warned of the same, and were too few: join none until it is
        known, as each of a joined call would have to be asked again."""

    def heard(self, warnings: Sequence[str]) -> None:
        """Take in what a call warned of that gave its answers."""
        if self._texts is None:
            self._texts = frozenset(warnings)
        elif not self._texts:
            return
        else:
            self._texts &= frozenset(warnings)
        self._heard += 1
        self.is_unsure = bool(self._texts) and self._heard < SURE_AFTER

    def covers(self, warnings: Sequence[str]) -> bool:
        """Whether all of these are usual."""
        if self._texts is None or self.is_unsure:
            return False
        return self._texts.issuperset(warnings)
