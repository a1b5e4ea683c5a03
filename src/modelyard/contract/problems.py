"""All that is wrong with some rows, gathered, then raised as one error."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from modelyard.errors import Detail, Invalid, MissingColumn, OutputViolation

SHOWN = 20
"""At most so many problems are spelled out; the message tells how many there are."""


class Problems:
    """Gathers problems in the order found; the first one's kind becomes the error's."""

    def __init__(self) -> None:
        self._kind: type[Invalid] | None = None
        self._count = 0
        self._details: list[Detail] = []
        self._missing: list[str] = []

    def __len__(self) -> int:
        return self._count

    def add(
        self, kind: type[Invalid], reason: str, column: str | None = None, row: int | None = None
    ) -> None:
        """One problem; ``row`` counts from 0 here, from 1 in what is told."""
        self._kind = self._kind or kind
        self._count += 1
        if kind is MissingColumn and row is None and column is not None:
            self._missing.append(column)
        if len(self._details) < SHOWN:
            self._details.append(Detail(reason, column, None if row is None else row + 1))

    def add_rows(
        self,
        column: str,
        rows: Sequence[int] | npt.NDArray[np.intp],
        judge: Callable[[int], tuple[type[Invalid], str]],
    ) -> None:
        """One problem a row; ``judge`` gives kind and reason, asked only for those spelled out."""
        for row in rows[: max(SHOWN - len(self._details), 1)]:
            kind, reason = judge(int(row))
            self.add(kind, reason, column, int(row))
            self._count -= 1
        self._count += len(rows)

    def raise_inputs(
        self, hint: str | None = None, start: str = "The rows do not fit the signature"
    ) -> None:
        """Raise what was found in a request, if anything was; ``start`` begins the message.

        Raises:
            Invalid: of the kind found first.
        """
        if self._kind is not None:
            raise self._kind(self._message(start), hint=hint, details=self._details)

    def raise_outputs(self) -> None:
        """Raise what was found in a model's answer, if anything was.

        Raises:
            OutputViolation: always of this kind, the model is at fault.
        """
        if self._kind is not None:
            raise OutputViolation(
                self._message("The model's answer does not fit the signature"),
                hint="The columns it declares are in the version's signature.",
                details=self._details,
            )

    def _message(self, start: str) -> str:
        if self._missing:
            noun = "column" if len(self._missing) == 1 else f"{len(self._missing):,} columns"
            told = ", ".join(self._missing[:SHOWN]) + (", ..." if self._missing[SHOWN:] else "")
            first, others = f"missing {noun} {told}", self._count - len(self._missing)
        else:
            detail, others = self._details[0], self._count - 1
            where = [f"column {detail.column}"] if detail.column is not None else []
            where += [f"row {detail.row}"] if detail.row is not None else []
            first = f"{', '.join(where)}: {detail.reason}" if where else detail.reason
        rest = f" ({others:,} more problem{'s'[: others != 1]})" if others else ""
        return f"{start}: {first}{rest}."


def shown(value: object) -> str:
    """A value as an error may show it: quoted if text, cut if long, never unprintable.

    >>> shown("a" * 100)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'"
    """
    if isinstance(value, str):
        return ascii_safe(repr(value if len(value) <= 40 else value[:37] + "..."))
    text = str(value) if not isinstance(value, int) or abs(value) < 10**60 else "a huge number"
    return text if len(text) <= 60 else text[:57] + "..."


def ascii_safe(text: str) -> str:
    """The text with lone surrogates escaped, so that it can be sent in UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()
