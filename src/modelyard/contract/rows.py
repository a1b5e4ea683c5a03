"""The contract, checked in one place: rows before a model sees them, answers before a caller does.

Rows fit exactly or are refused with the column, the row and the reason: nothing is rounded, cut,
guessed or reordered without a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from modelyard.contract.columns import fit_column
from modelyard.contract.kinds import all_missing, decoded, mismatch
from modelyard.contract.matching import match_columns
from modelyard.contract.problems import Problems, ascii_safe
from modelyard.errors import OutputViolation
from modelyard.signature import Column, Signature


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows that fit.

    ``table`` has the signature's columns in its order, each in exactly ``Column.arrow_type``;
    ``notes`` says what was matched without case.
    """

    table: pa.Table
    notes: tuple[str, ...] = ()


def check_inputs(
    rows: pa.Table,
    inputs: Sequence[Column],
    *,
    strict: bool = False,
    max_columns: int = 10_000,
) -> Checked:
    """Bring rows of any Arrow types to the declared inputs.

    Columns are found by name, exactly or by a unique match without case, in any order; those the
    signature does not have are left out. ``strict`` refuses both. Columns already of their type
    are not copied.

    Raises:
        TooLarge: for more than ``max_columns`` columns.
        Invalid: of the kind found first (missing, duplicate or unexpected column, type mismatch,
            missing value, unknown level, integer out of range, loss of precision, invalid value),
            with at most 20 details and the number of all.
    """
    problems = Problems()
    matched = match_columns(
        rows.column_names, inputs, problems, strict=strict, max_columns=max_columns
    )
    fitted = [
        fit_column(rows.column(at), column, problems)
        for column, at in zip(inputs, matched.positions, strict=True)
        if at is not None
    ]
    problems.raise_inputs(matched.hint)
    return Checked(typed_table(fitted, inputs), matched.notes)


def typed_table(arrays: Sequence[pa.ChunkedArray | None], columns: Sequence[Column]) -> pa.Table:
    """A table of columns that were found to fit."""
    return pa.Table.from_arrays(
        list(arrays), schema=pa.schema([(c.name, c.arrow_type) for c in columns])
    )


def no_rows(columns: Sequence[Column]) -> pa.Table:
    """A table of these columns, typed, without rows."""
    return typed_table([all_missing(c, 0) for c in columns], columns)


def check_outputs(rows: pa.Table, signature: Signature, rows_in: int) -> pa.Table:
    """Bring a model's answer to the declared outputs.

    A single column takes the single declared name. Several are found by their own names, or by
    position when none of the names is declared and the numbers of columns agree. Integers widen
    to a declared double, doubles become a declared integer when they are whole, and factors come
    out as text.

    Raises:
        OutputViolation: when the number of rows is not ``rows_in`` (unless the signature's rows
            are free), or a column does not fit; with the column, the row and the reason.
    """
    if signature.rows == "same" and rows.num_rows != rows_in:
        raise OutputViolation(
            f"The model answered {rows.num_rows:,} row{'s'[: rows.num_rows != 1]} "
            f"for {rows_in:,} row{'s'[: rows_in != 1]}.",
            hint="A model that answers with rows of its own is logged with rows = 'free'.",
        )
    outputs = [_answered(column) for column in signature.outputs]
    problems = Problems()
    arrays = [
        _fit_output(rows.column(at), column, problems)
        for column, at in zip(outputs, _output_positions(rows.column_names, outputs), strict=True)
    ]
    problems.raise_outputs()
    return typed_table(arrays, outputs)


def empty_answer(signature: Signature) -> pa.Table:
    """The answer for no rows: typed, without asking the model."""
    return no_rows([_answered(column) for column in signature.outputs])


def _answered(column: Column) -> Column:
    return replace(column, type="string", ordered=False) if column.type == "factor" else column


def _fit_output(
    given: pa.ChunkedArray, column: Column, problems: Problems
) -> pa.ChunkedArray | None:
    # Callers may write NA as text; a model that answers text for a number is wrong.
    is_number = column.type in ("double", "integer", "boolean")
    if is_number and given.null_count < len(given) and decoded(given) is not None:
        mismatch(given, column, problems)
        return None
    return fit_column(given, column, problems)


def _output_positions(names: Sequence[str], outputs: Sequence[Column]) -> list[int]:
    if len(names) == 1 and len(outputs) == 1:
        return [0]
    wanted = [c.name for c in outputs]
    if len(names) == len(wanted):
        own, declared = [n.lower() for n in names], [n.lower() for n in wanted]
        if set(names) == set(wanted):
            return [names.index(n) for n in wanted]
        if set(own) == set(declared) and len(set(own)) == len(own):
            return [own.index(n) for n in declared]
        if not set(own) & set(declared):  # half of the names right would be a mix-up
            return list(range(len(wanted)))
    raise OutputViolation(
        f"The model answered the columns {_listed(names)}; its signature has {_listed(wanted)}.",
        hint="Answer the declared columns by name, or as many others in their order.",
    )


def _listed(names: Sequence[str]) -> str:
    told = ", ".join(ascii_safe(n[:60]) for n in names[:10])
    return (told or "none") + (", ..." if len(names) > 10 else "")
