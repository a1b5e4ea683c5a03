"""Sample rows and the contract's levels, where the author gave none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from modelyard.errors import Detail, InvalidSignature
from modelyard.signature import Column

GENERATED_ROWS = 4


def resolved_inputs(
    declared: Sequence[Column],
    samples: pa.Table | None,
    model: Mapping[str, Mapping[str, Any]],
    *,
    plain: bool = True,
) -> tuple[Column, ...]:
    """Declared columns, with their levels, and zones from the samples.

    ``plain`` says that the predict() of the model's class answers. Then the levels the model knows
    are right, whatever the samples have: some classes read a factor by the order of its levels.
    Else they are those of the samples unless these lack some of the model's, what was declared, or
    the model's. A text column whose model was trained on a factor becomes that factor. Where the
    model says of a column that its levels are open, it is text without levels.

    Raises:
        InvalidSignature: for a factor whose levels nobody knows: R reads one by their order.
    """
    return tuple(_resolved(c, samples, model.get(c.name), plain) for c in declared)


def _resolved(
    column: Column, samples: pa.Table | None, known: Mapping[str, Any] | None, plain: bool
) -> Column:
    if column.type == "timestamp" and column.tz == "UTC":
        return replace(column, tz=_zone(column, samples))
    if column.type not in ("string", "factor"):
        return column
    if known is not None and known["levels"] is None:
        return replace(column, type="string", levels=None, ordered=False)
    sampled = _sampled(column, samples)
    if plain and known is not None:
        return _trained(sampled or column, known)
    if sampled is not None and not (known and set(sampled.levels or ()) < set(known["levels"])):
        return sampled
    if column.levels is not None:
        return column
    if known is not None:
        return _trained(column, known)
    if sampled is None and column.type == "factor":
        raise InvalidSignature(
            f"Column {column.name!r} is declared as factor, and its levels are not known.",
            hint="Give sample_input with that factor, or declare the column as string.",
            details=[Detail("a factor without levels", column=column.name)],
        )
    return sampled or column


def _trained(column: Column, known: Mapping[str, Any]) -> Column:
    """With the model's levels. Not every class knows whether they were ordered."""
    return replace(
        column,
        type="factor" if column.type == "factor" else known["type"],
        levels=tuple(known["levels"]),
        ordered=column.ordered or bool(known["ordered"]),
    )


def _zone(column: Column, samples: pa.Table | None) -> str:
    """The zone of the samples: R's own code reads hours and days in it."""
    if samples is None or column.name not in samples.column_names:
        return column.tz
    kind = samples[column.name].type
    return (kind.tz if pa.types.is_timestamp(kind) else None) or column.tz


def _sampled(column: Column, samples: pa.Table | None) -> Column | None:
    if samples is None or column.name not in samples.column_names:
        return None
    values = samples[column.name]
    if not pa.types.is_dictionary(values.type) or values.num_chunks == 0:
        return None
    levels = values.combine_chunks().dictionary.to_pylist()
    return replace(column, type="factor", levels=tuple(levels), ordered=values.type.ordered)


def generated_rows(inputs: Sequence[Column]) -> pa.Table:
    """A few rows made up from a signature: shape ``(GENERATED_ROWS, len(inputs))``."""
    return pa.table({c.name: pa.array(_values(c), type=_plain(c)) for c in inputs})


def _plain(column: Column) -> pa.DataType:
    return pa.string() if column.type == "factor" else column.arrow_type


def _values(column: Column) -> list[Any]:
    n = GENERATED_ROWS
    match column.type:
        case "double":
            return [1.0 + i / n for i in range(n)]
        case "integer":
            return list(range(1, n + 1))
        case "boolean":
            return [i % 2 == 0 for i in range(n)]
        case "date":
            return [date(2024, 1, 1) + timedelta(days=i) for i in range(n)]
        case "timestamp":
            return [datetime(2024, 1, 1, i, tzinfo=UTC) for i in range(n)]
        case _:
            levels = column.levels or ("a", "b")
            return [levels[i % len(levels)] for i in range(n)]
