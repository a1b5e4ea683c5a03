"""The scanner: a verdict on a model's bytes, and a report of what they hold, before R sees them.

``data``: nothing in it runs but R's and its packages' own functions. ``code``: it holds functions,
compiled code or calls of more than arithmetic, each named with its place. Refused: bytes that are
no R value, that would exhaust R, or that run code while R merely reads them.

A tripwire and a filter, not a wall: predict() of an installed package can be led astray by data,
and whoever may log a model may run code in a worker. The wall is the sandbox.
"""

from __future__ import annotations

from modelyard.runtime.blob import unpacked
from modelyard.runtime.contents import Captured, Contents, Part, Reason, Rows
from modelyard.runtime.r.findings import (
    ACTIVE,
    CAPTURED,
    CODE,
    FUNCTION,
    HEAD,
    POINTER,
    PROMISE,
    ROWS,
    Finding,
    Findings,
    largest,
)
from modelyard.runtime.r.walk import Walk

_RUNS = (HEAD, FUNCTION, CODE, ACTIVE, PROMISE, POINTER)
_KEPT = 20
_DEFINITION = "$.refClassDef"
"""Where an object of a reference class keeps R's definition of the class: environments nobody
captured, the same in every such object."""
_KEPT_OF_A_KIND = 5
_EVALUATED = ("terms", "predvars", "variables", "formula")


def scan(stored: memoryview) -> Contents:
    """What is in the bytes of an .rds file, as they are stored.

    Raises:
        ModelRejected: with the reason.
    """
    walk = Walk(unpacked(stored))
    walk.run()
    found = walk.findings
    captured = [f for f in found.of(CAPTURED) if not any(_DEFINITION in s for s in f.steps)]
    captured.sort(key=lambda f: -f.numbers[1])
    rows = sorted(found.of(ROWS), key=lambda f: -f.numbers[0] * f.numbers[1])
    code = {kind: found.count[kind] for kind in _RUNS if found.count[kind]}
    return Contents(
        verdict="code" if code else "data",
        reasons=_reasons(found),
        code=code,
        stored_bytes=len(stored),
        unpacked_bytes=walk.offset,
        parts=tuple(Part(path, size) for path, size in largest(walk.kids)),
        captured=tuple(
            Captured(f.path(), f.numbers[0], _held(f), f.numbers[1], f.what)
            for f in captured[:_KEPT]
        ),
        rows=tuple(Rows(f.path(), f.numbers[0], f.numbers[1]) for f in rows[:_KEPT]),
        pointers=tuple(Reason(f.path(), f.what) for f in found.of(POINTER)[:_KEPT]),
        namespaces=tuple(found.namespaces)[:100],
        r_version=_version(walk.r_version),
        format=walk.format,
    )


def _held(finding: Finding) -> tuple[Part, ...]:
    return tuple(Part(name, size) for size, name in finding.held)


def _reasons(found: Findings) -> tuple[Reason, ...]:
    """The first of each kind: what is called first, for it says most."""
    kept: list[Reason] = []
    for kind in _RUNS:
        first = sorted(found.of(kind), key=_rank)
        for finding in first[:_KEPT_OF_A_KIND]:
            what = f"calls {finding.what}" if kind == HEAD else finding.what
            kept.append(Reason(finding.path(), what))
    return tuple(kept)


def _rank(finding: Finding) -> int:
    """Terms and formulas come first, which predict() evaluates; definitions of classes last."""
    steps = "".join(finding.steps)
    if _DEFINITION in steps:
        return 2
    return 0 if any(word in steps for word in _EVALUATED) else 1


def _version(packed: int) -> str:
    return f"{packed >> 16}.{packed >> 8 & 0xFF}.{packed & 0xFF}"
