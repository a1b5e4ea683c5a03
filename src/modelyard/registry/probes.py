"""Trying with the sample rows whether rows depend on each other, and what may be missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from modelyard.contract import check_inputs, check_outputs
from modelyard.errors import InvalidSignature, ModelError, ModelFault, NullNotAllowed
from modelyard.registry.bits import differences, same
from modelyard.signature import Column, Signature

MAX_ALONE = 32
"""So many rows are scored one by one; more would prove little more."""
NOT_PROBED = "Not every column was probed for missing values; those take none."


@dataclass(slots=True)
class Probes:
    """``golden`` is what ``score``, which asks a worker, answers for ``rows``."""

    score: Callable[[pa.Table], pa.Table]
    rows: pa.Table
    signature: Signature
    golden: pa.Table
    alone: dict[str, tuple[pa.Table, pa.Table]] = field(default_factory=dict)
    """Of each column that may be missing, a row that lacks it, and what that gets alone."""

    def nullable(self, told: Mapping[str, bool], until: float) -> tuple[dict[str, bool], list[str]]:
        """Which inputs may be missing: those the author says, else those the model bears; and what
        there is to say of it. No more is tried once ``time.monotonic()`` is past ``until``.

        Raises:
            InvalidSignature: when the author speaks of a column that is not there.
        """
        names = self.signature.input_names
        if unknown := set(told) - set(names):
            raise InvalidSignature(f"nullable names no input column: {', '.join(sorted(unknown))}.")
        found = dict.fromkeys(names, False) | dict(told)
        for i, column in enumerate(self.signature.inputs):
            if told.get(column.name) is False:
                continue
            if time.monotonic() > until:
                return found, [NOT_PROBED]
            is_borne = self._bears(i, column)
            found[column.name] = told.get(column.name, is_borne)
        return found, []

    def _bears(self, i: int, column: Column) -> bool:
        # A missing factor keeps its levels: the contract makes the value like any other.
        value = check_inputs(pa.table({column.name: pa.nulls(1)}), [column]).table[0]
        row = self.rows.slice(0, 1).set_column(i, column.name, value)
        try:
            answer = self.score(row)
        except (ModelError, NullNotAllowed):
            return False
        if self.signature.rows == "free":
            return True
        try:
            self.alone[column.name] = row, check_outputs(answer, self.signature, 1)
        except ModelFault:
            return bool(answer.num_rows == 1)
        return True

    def row_independent(self, nullable: Mapping[str, bool]) -> bool:
        """All at once, against reversed, doubled, each row alone, and with rows that lack a value.

        A column with one value in all rows cannot show it, such as ``x`` in ``x - mean(x)``. A
        function may fill what is missing with a mean of the rows it was asked about; a column that
        may be missing and was not seen so proves nothing.
        """
        rows, golden, n = self.rows, self.golden, self.rows.num_rows
        varied = {d.column for d in differences(rows, rows.take([0] * n))}
        if self.signature.rows == "free" or varied != set(rows.column_names):
            return False
        if not {name for name, may in nullable.items() if may} <= set(self.alone):
            return False
        back = list(range(n - 1, -1, -1))
        lacking = list(self.alone.values())
        singles = ((rows.slice(i, 1), golden.slice(i, 1)) for i in range(min(n, MAX_ALONE)))
        return all(
            self._gets(asked, wanted)
            for asked, wanted in (
                (rows.take(back), golden.take(back)),
                (pa.concat_tables([rows, rows]), pa.concat_tables([golden, golden])),
                (
                    pa.concat_tables([rows, *(row for row, _ in lacking)]),
                    pa.concat_tables([golden, *(answer for _, answer in lacking)]),
                ),
                *singles,
            )
        )

    def _gets(self, rows: pa.Table, wanted: pa.Table) -> bool:
        try:
            answer = check_outputs(self.score(rows), self.signature, rows.num_rows)
        except ModelFault:
            return False
        return same(answer, wanted)
