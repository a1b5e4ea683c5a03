"""What every cell of the matrix must be, from rules and from what plain R says; never from the cell.

1. A case that breaks the contract is refused with its code.
2. No rows in, no rows out, with the columns plain R answers for other rows.
3. A missing value in a column that may not be missing (plain R gives no row for a row that lacks
   it, or the class refuses it everywhere) is ``null_not_allowed`` where the version is known;
   locally R is asked.
4. Infinite values are ``invalid_value`` where R draws the answer for one by lot.
5. Where plain R stops on the rows, ``model_error``; where it answers another number of rows,
   ``contract_violation_output``.
6. Everything else is plain R's answer, bit for bit.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from tests.zoo.bodies import Columns, Value, columns_of

Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What a path gave: columns, the code of a refusal, or a failure that has no code."""

    columns: Columns | None = None
    code: str | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What it must give: columns bit for bit, or a code. ``free``: values are random."""

    columns: Columns | None = None
    code: str | None = None
    free: bool = False


def expected(model: Told, case: str, path: str) -> Expected:
    """What this cell must be."""
    told = model["cases"][case]
    if told["code"] is not None:
        return Expected(code=told["code"])
    free_rows = model["expects"]["answer_rows"] == "free"
    if told["rows"] == 0:
        return Expected(columns={name: [] for name in model["outputs"]})
    everywhere = model["expects"]["missing"] == "refused"
    lacking = told["missing"] + (told["nan"] if everywhere else [])
    known = path != "local" or everywhere
    if known and not all(model["nullable"][name] for name in lacking):
        return Expected(code="null_not_allowed")
    if case == "infinite" and model["expects"]["infinite"] == "refused":
        return Expected(code="invalid_value")
    if "error" in told["r"]:
        return Expected(code="model_error")
    columns = columns_of(told["r"]["columns"])
    if not free_rows and any(len(values) != told["rows"] for values in columns.values()):
        return Expected(code="contract_violation_output")
    return Expected(columns=columns, free=not model["expects"]["deterministic"])


def problem(found: Found, wanted: Expected) -> str | None:
    """What is wrong with a cell, or None."""
    if found.failure is not None:
        return f"failed: {found.failure}"
    if wanted.code is not None or found.columns is None:
        got = found.code or "an answer"
        return None if found.code == wanted.code else f"{got}, not {wanted.code or 'R’s answer'}"
    assert wanted.columns is not None
    if list(found.columns) != list(wanted.columns):
        return f"columns {list(found.columns)}, not {list(wanted.columns)}"
    for name, values in wanted.columns.items():
        given = found.columns[name]
        if len(given) != len(values):
            return f"{len(given)} rows, not {len(values)}"
        if wanted.free:
            continue
        for row, (a, b) in enumerate(zip(given, values, strict=True)):
            if not same(a, b):
                return f"{name}[{row}] is {a!r}, in R {b!r}"
    return None


def same(a: Value, b: Value) -> bool:
    """Bit for bit; any NaN is NaN, and NA is not."""
    if isinstance(a, float) and isinstance(b, float):
        return (a != a and b != b) or struct.pack("<d", a) == struct.pack("<d", b)
    return type(a) is type(b) and a == b
