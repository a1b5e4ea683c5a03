"""Which column given is which column of the signature: by name, without regard to order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from modelyard.contract.problems import Problems, ascii_safe
from modelyard.errors import DuplicateColumn, MissingColumn, TooLarge, UnexpectedColumn
from modelyard.signature import Column


@dataclass(frozen=True, slots=True)
class Matched:
    """For each column of the signature the position given, or None; and what to tell.

    ``hint`` is for the error, if there is one; ``notes`` for the answer, if there is none.
    """

    positions: tuple[int | None, ...]
    notes: tuple[str, ...] = ()
    hint: str | None = None


def match_columns(
    names: Sequence[str],
    inputs: Sequence[Column],
    problems: Problems,
    *,
    strict: bool = False,
    max_columns: int = 10_000,
) -> Matched:
    """Find each input among ``names``: exactly, or else by a unique match without case.

    Duplicate, missing and (when ``strict``) unexpected columns are added to ``problems``.

    Raises:
        TooLarge: for more than ``max_columns`` names.
    """
    if len(names) > max_columns:
        raise TooLarge(f"{len(names):,} columns are more than the {max_columns:,} allowed.")
    if len(names) == len(inputs) and all(
        n == c.name for n, c in zip(names, inputs, strict=True)
    ):  # the signature forbids duplicates, so there are none here
        return Matched(tuple(range(len(names))))
    for name, count in Counter(names).items():
        if count > 1:
            problems.add(DuplicateColumn, f"there {count} times", ascii_safe(name))
    exact = {name: i for i, name in enumerate(names)}
    wanted = {c.name for c in inputs}
    folded: dict[str, list[int]] = {}
    for name, i in exact.items():
        if name not in wanted:
            folded.setdefault(name.lower(), []).append(i)
    claims = Counter(c.name.lower() for c in inputs if c.name not in exact)
    positions: list[int | None] = []
    notes: list[str] = []
    for column in inputs:
        found = exact.get(column.name)
        if found is None:
            found = _without_case(column, names, folded, claims, problems, notes, strict)
        positions.append(found)
    left = [n for n, i in exact.items() if i not in set(positions)]
    if strict:
        for name in left:
            problems.add(UnexpectedColumn, "not in the signature", ascii_safe(name))
    return Matched(tuple(positions), tuple(notes), None if strict else _not_used(left))


def _without_case(
    column: Column,
    names: Sequence[str],
    folded: dict[str, list[int]],
    claims: Counter[str],
    problems: Problems,
    notes: list[str],
    strict: bool,
) -> int | None:
    key = column.name.lower()
    near = folded.get(key, [])
    if strict or not near:
        problems.add(MissingColumn, "missing", column.name)
    elif len(near) > 1 or claims[key] > 1:
        also = ", ".join(ascii_safe(names[i]) for i in near)
        problems.add(MissingColumn, f"missing; {also} match only without case", column.name)
    else:
        notes.append(f"Column {names[near[0]]} was used for {column.name}.")
        return near[0]
    return None


def _not_used(left: Sequence[str]) -> str | None:
    if not left:
        return None
    told = ", ".join(n if len(n) <= 60 else n[:57] + "..." for n in map(ascii_safe, left[:20]))
    return f"Columns not used: {told}{', ...' if len(left) > 20 else ''}."
