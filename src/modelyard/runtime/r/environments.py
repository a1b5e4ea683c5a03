"""Environments, and what only makes sense with them: functions, promises, pointers."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from modelyard.runtime.r import codes as c
from modelyard.runtime.r.atoms import PLAIN, PROMISES, UNBOUND, Found, Steps
from modelyard.runtime.r.codes import HAS_ATTRIBUTES, HAS_TAG
from modelyard.runtime.r.findings import (
    ACTIVE,
    CAPTURED,
    FUNCTION,
    POINTER,
    PROMISE,
    Owner,
    Step,
    element,
)
from modelyard.runtime.r.parts import Parts

Holds = list[tuple[int, str]]
"""Bytes and names of an environment's largest bindings."""
MAX_HELD = 20
_AROUND: Step = ("parent.env", "parent.env(\0)")
_OF_FUNCTION: Step = ("environment", "environment(\0)")
_FORMALS: Step = ("formals", "formals(\0)")
_BODY: Step = ("body", "body(\0)")


class Environments(Parts):
    """Reads them, and lets promises stand where R puts them and nowhere else."""

    def _environment(self, _: int, __: int) -> Steps:
        if self.integer() not in (0, 1):
            self.refuse("an environment cannot be read")
        self._references.append(PLAIN[c.ENVIRONMENT])
        owner = Owner()
        around = yield from self._inner(owner, _AROUND, 0)
        self._need_environment(around)
        before = self.offset
        holds: Holds = []
        bindings = yield from self._bindings(owner, holds, self.integer())
        bindings += yield from self._buckets(owner, holds)
        size = self.offset - before
        yield from self._attributes(owner)
        self._settle(owner)
        if bindings and not self._in_code:
            holds.sort(key=_size, reverse=True)
            held = tuple(holds[:MAX_HELD])
            self.findings.add(CAPTURED, _named(around), (bindings, size), held)
        return PLAIN[c.ENVIRONMENT]

    def _inner(self, owner: Owner, step: Step, allowed: int) -> Generator[Any, Any, Found]:
        """One part of ``owner``."""
        before, first = self.offset, len(self.findings.live)
        found: Found = yield allowed
        self._part(owner, step, before, first)
        return found

    def _need_environment(self, found: Found) -> None:
        if found[0] not in c.ENVIRONMENTS and found[0] != c.NIL:
            self.refuse("something else stands where an environment belongs")

    def _buckets(self, owner: Owner, holds: Holds) -> Generator[Any, Any, int]:
        flags, bindings = self.integer(), 0
        if flags & 0xFF == c.NIL:
            return 0
        if flags & 0xFF != c.LIST or flags & HAS_ATTRIBUTES:
            self.refuse("the table of an environment cannot be read")
        for _ in range(self.length()):
            bindings += yield from self._bindings(owner, holds, self.integer())
        return bindings

    def _bindings(self, owner: Owner, holds: Holds, flags: int) -> Generator[Any, Any, int]:
        """The cells of a frame: where a promise, and the arguments ``...``, may stand."""
        cells, live = 0, self.findings.live
        while flags & 0xFF == c.PAIRLIST:
            cells += 1
            self._cell()
            if flags & HAS_ATTRIBUTES or not flags & HAS_TAG:
                self.refuse("a binding of an environment cannot be read")
            kind, name = yield 0
            if kind != c.SYMBOL:
                self.refuse("a binding of an environment has no name")
            before, first = self.offset, len(live)
            yield PROMISES
            if flags & c.ACTIVE_BINDING and not self._in_code:
                self.findings.add(ACTIVE, "a value that a function computes when it is read")
            holds.append((self.offset - before, name))
            if len(holds) > 2 * MAX_HELD:
                holds.sort(key=_size, reverse=True)
                del holds[MAX_HELD:]
            self._part(owner, element(name, cells), before, first)
            flags = self.integer()
        if flags & 0xFF != c.NIL:
            self.refuse("the bindings of an environment cannot be read")
        self._cells -= cells
        return cells

    def _closure(self, flags: int, _: int) -> Steps:
        owner = Owner()
        if flags & HAS_ATTRIBUTES:
            yield from self._attributes(owner)
        around = PLAIN[c.NIL]
        if flags & HAS_TAG:
            around = yield from self._inner(owner, _OF_FUNCTION, 0)
        self._need_environment(around)
        self._in_code += 1
        formals = yield from self._inner(owner, _FORMALS, 0)
        if formals[0] not in (c.NIL, c.PAIRLIST):
            self.refuse("the arguments of a function cannot be read")
        yield from self._inner(owner, _BODY, 0)
        self._in_code -= 1
        self._settle(owner)
        if not self._in_code:
            of = _named(around)
            self.findings.add(FUNCTION, f"a function of {of}" if "package" in of else "a function")
        return PLAIN[c.CLOSURE]

    def _promise(self, flags: int, allowed: int) -> Steps:
        if not allowed & PROMISES:
            self.refuse(
                "a promise stands where R puts none, and would run code as soon as R looks at it "
                "(CVE-2024-27322)"
            )
        owner = Owner()
        if flags & HAS_ATTRIBUTES:
            yield from self._attributes(owner)
        if flags & HAS_TAG:
            around = yield 0
            self._need_environment(around)
        # A value that was computed is what it is; an expression yet to run is code.
        value = yield from self._inner(owner, ("", "\0"), PROMISES | UNBOUND)
        self._in_code += 1
        yield from self._inner(owner, ("", "\0"), PROMISES)
        self._in_code -= 1
        self._settle(owner)
        if value[0] == c.UNBOUND and not self._in_code:
            self.findings.add(PROMISE, "an argument that is computed when it is first read")
        return PLAIN[c.PROMISE]

    def _pointer(self, flags: int, _: int) -> Steps:
        self._references.append(PLAIN[c.POINTER])
        owner = Owner()
        for _ in range(2):  # what it protects, and its tag
            yield from self._inner(owner, ("", "\0"), 0)
        if flags & HAS_ATTRIBUTES:
            yield from self._attributes(owner)
        self._settle(owner)
        what = " of class " + owner.classes[0][:60] if owner.classes else ""
        self.findings.add(POINTER, f"an external pointer{what}")
        return PLAIN[c.POINTER]

    def _weak(self, flags: int, _: int) -> Found | Steps:
        self._references.append(PLAIN[c.WEAK_REFERENCE])
        found = PLAIN[c.WEAK_REFERENCE]
        return self._attributed(found) if flags & HAS_ATTRIBUTES else found


def _size(held: tuple[int, str]) -> int:
    return held[0]


def _named(found: Found) -> str:
    """What an environment is called."""
    code, name = found
    if code in (c.NAMESPACE, c.PACKAGE):
        return f"package {name[:60].removeprefix('package:')}"
    if code in (c.BASE_NAMESPACE, c.BASE_ENVIRONMENT):
        return "package base"
    return {c.GLOBAL_ENVIRONMENT: "global", c.EMPTY_ENVIRONMENT: "empty"}.get(code, "environment")
