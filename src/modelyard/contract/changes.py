"""What callers of one version run into at another."""

from __future__ import annotations

from collections.abc import Iterator

from modelyard.signature import Column, Signature

_WIDER = {("integer", "double"), ("factor", "string")}
"""From one type to another that takes, or means, all that the first did."""


def breaking_changes(before: Signature, after: Signature) -> list[str]:
    """Why rows that fitted ``before`` may not fit ``after``, or its answers not be understood.

    One sentence's part for each reason, such as ``needs hp``; none where callers notice nothing.
    An input that is not taken any more is none: it is left out with a note, unless a caller is
    strict.
    """
    had = {column.name.lower(): column for column in before.inputs}  # as columns are matched
    had |= {column.name: column for column in before.inputs}
    found: list[str] = []
    for column in after.inputs:
        old = had.get(column.name, had.get(column.name.lower()))
        found += [f"needs {column.name}"] if old is None else _narrower(old, column)
    gives = {column.name: column for column in after.outputs}
    for column in before.outputs:
        new = gives.get(column.name)
        if new is None:
            found.append(f"gives no {column.name}")
        elif new.type != column.type:
            found.append(f"gives {column.name} as {new.type}, not {column.type}")
    if before.rows != after.rows:
        found.append("gives rows of its own" if after.rows == "free" else "gives a row for a row")
    return found


def _narrower(old: Column, new: Column) -> Iterator[str]:
    if new.type != old.type and (old.type, new.type) not in _WIDER:
        yield f"takes {new.name} as {new.type}, not {old.type}"
        return
    if old.nullable and not new.nullable:
        yield f"takes no missing {new.name}"
    if new.levels is not None and new.unknown == "refuse":
        if old.levels is None:
            yield f"takes only some values of {new.name}"
        elif lost := [level for level in old.levels if level not in set(new.levels)]:
            yield f"does not take {lost[0]!r} of {new.name}"
