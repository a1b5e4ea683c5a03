"""Values of R's serialised form that have others inside: attributes, lists, pairlists and calls."""

from __future__ import annotations

from typing import Any

from modelyard.runtime.r import codes as c
from modelyard.runtime.r.atoms import PLAIN, PROMISES, VALUES, Atoms, Found, Steps
from modelyard.runtime.r.codes import HAS_ATTRIBUTES, HAS_TAG
from modelyard.runtime.r.findings import (
    FUNCTION,
    HEAD,
    ROWS,
    SMALL_BYTES,
    Owner,
    Step,
    attribute,
    element,
    slot,
)
from modelyard.runtime.r.pure import PACKAGES, PURE

MAX_DEPTH = 10_000
"""Values inside values, as R's reader counts: a list's element and a pairlist's rest are deeper by
one. R itself overflows its stack between 20,000 and 50,000."""
_NOTED = frozenset({"names", "class", "dim", "row.names"})


class Parts(Atoms):
    """Reads them, and gives what was found inside its path."""

    def _part(self, owner: Owner, step: Step | int, before: int, first: int) -> None:
        """A part of ``owner`` was walked: keep what is worth telling of it."""
        size, last = self.offset - before, len(self.findings.live)
        if size >= SMALL_BYTES:
            owner.add(step, size, self.kids, self._whole)
        if last > first:
            owner.found(step, first, last)
        self.kids, self._whole = [], False

    def _settle(self, owner: Owner) -> None:
        self.kids = owner.settle(self.findings)

    def _vector(self, flags: int, allowed: int) -> Found | Steps:
        code = flags & 0xFF
        found = code, self._values(code, self.length(), allowed)
        return self._attributed(found) if flags & HAS_ATTRIBUTES else found

    def _strings(self, flags: int, allowed: int) -> Found | Steps:
        found = c.STRING, self._texts(self.length(), allowed)
        return self._attributed(found) if flags & HAS_ATTRIBUTES else found

    def _primitive(self, flags: int, _: int) -> Found | Steps:
        size = self.integer()
        if not 0 < size <= 100:
            self.refuse("the name of a primitive function cannot be read")
        name = self.take(size).decode("ascii", "replace")
        if name not in PURE and not self._in_code:
            self.findings.add(FUNCTION, f"R's own function {name}")
        found = flags & 0xFF, name
        return self._attributed(found) if flags & HAS_ATTRIBUTES else found

    def _s4(self, flags: int, _: int) -> Found | Steps:
        return self._attributed(PLAIN[c.S4]) if flags & HAS_ATTRIBUTES else PLAIN[c.S4]

    def _attributed(self, found: Found) -> Steps:
        """A value without parts of its own, and its attributes."""
        owner = Owner()
        yield from self._attributes(owner, is_s4=found[0] == c.S4)
        self._settle(owner)
        if len(owner.dim) == 2 and owner.dim[0] > 1 and found[0] in c.ELEMENT_BYTES:
            self.findings.add(ROWS, "matrix", owner.dim)
        return found

    def _attributes(self, owner: Owner, *, is_s4: bool = False) -> Steps:
        """A pairlist of named values; names, class, dim and row names are noted in the owner."""
        cells, live = 0, self.findings.live
        while (flags := self.integer()) & 0xFF == c.PAIRLIST:
            cells += 1
            self._cell()
            if flags & HAS_ATTRIBUTES or not flags & HAS_TAG:
                self.refuse("attributes cannot be read")
            kind, name = yield 0
            if kind != c.SYMBOL:
                self.refuse("an attribute has no name")
            before, first = self.offset, len(live)
            if name in _NOTED:
                code, value = yield VALUES
                _note(owner, name, code, value)
            else:
                yield 0
            self._part(owner, slot(name) if is_s4 else attribute(name), before, first)
        if flags & 0xFF != c.NIL:
            self.refuse("attributes cannot be read")
        self._cells -= cells

    def _cell(self) -> None:
        """One more cell of a pairlist, which to R's reader is one level more."""
        self._nodes += 1
        self._cells += 1
        if self._cells > MAX_DEPTH:
            self.refuse(f"it holds pairlists of more than {MAX_DEPTH:,} elements")

    def _list(self, flags: int, _: int) -> Steps:
        length = self.length()
        owner, live = Owner(), self.findings.live
        for i in range(length):
            before, first = self._before + self._at, len(live)
            yield 0
            if self._before + self._at - before >= SMALL_BYTES or len(live) > first:
                self._part(owner, i, before, first)
        if flags & HAS_ATTRIBUTES:
            yield from self._attributes(owner)
        self._settle(owner)
        if "data.frame" in owner.classes:
            self._whole = True
            if owner.rows > 0:
                self.findings.add(ROWS, "data frame", (owner.rows, length))
        return flags & 0xFF, length

    def _pairs(self, flags: int, allowed: int) -> Steps:
        """A pairlist or a call: all its cells."""
        code, cells = flags & 0xFF, 0
        owner, live = Owner(), self.findings.live
        seen: list[Found] = []
        while True:
            cells += 1
            self._cell()
            if flags & HAS_ATTRIBUTES:
                yield from self._attributes(owner)
            name = None
            if flags & HAS_TAG:
                kind, name = yield 0
                if kind not in (c.SYMBOL, c.NIL):
                    self.refuse("an element of a pairlist has no name that can be read")
            before, first = self._before + self._at, len(live)
            found = yield allowed
            if self._before + self._at - before >= SMALL_BYTES or len(live) > first:
                self._part(owner, element(name, cells), before, first)
            if cells <= 3:
                seen.append(found)
            flags = self.integer()
            if flags & 0xFF != c.PAIRLIST:
                break
        if flags & 0xFF != c.NIL:
            yield self._item(flags, 0)
        self._cells -= cells
        self._settle(owner)
        return code, self._called(seen) if code == c.LANGUAGE else seen

    def _call(self, flags: int, _: int) -> Steps:
        return self._pairs(flags, 0)

    def _pairlist(self, flags: int, allowed: int) -> Steps:
        return self._pairs(flags, allowed & VALUES)

    def _dots(self, flags: int, allowed: int) -> Steps:
        if not allowed & PROMISES:
            self.refuse("the arguments of a call in progress stand outside an environment")
        return self._pairs(flags, PROMISES)

    def _called(self, seen: list[Found]) -> str | None:
        """Note what the call calls; ``pkg::name`` is told to the call around it."""
        kind, name = seen[0]
        if kind == c.SYMBOL and name in ("::", ":::") and len(seen) == 3:
            package, function = (str(value) for _, value in seen[1:])
            return (
                function if name == "::" and package in PACKAGES else f"{package}{name}{function}"
            )
        if self._in_code:
            return None
        if kind in (c.SYMBOL, c.LANGUAGE) and name is not None:
            if name not in PURE:
                self.findings.add(HEAD, str(name))
        elif kind not in (c.BUILTIN, c.SPECIAL, c.CLOSURE):  # those have told of themselves
            self.findings.add(HEAD, "what an expression gives")
        return None


def _note(owner: Owner, name: str, code: int, value: Any) -> None:
    if name == "names" and code == c.STRING and isinstance(value, list):
        owner.names = value
    elif name == "class" and code == c.STRING and isinstance(value, list):
        owner.classes = value
    elif name == "dim" and isinstance(value, tuple):
        owner.dim = tuple(int(n) for n in value if n == n)
    elif name == "row.names":
        owner.rows = _row_count(code, value)


def _row_count(code: int, value: Any) -> int:
    """``c(NA, -n)`` stands for n rows without names of their own."""
    if isinstance(value, tuple):
        compact = code == c.INTEGER and len(value) == 2 and value[0] == c.NA_INTEGER
        return abs(int(value[1])) if compact else len(value)
    if isinstance(value, list):
        return len(value)
    return value if isinstance(value, int) else 0
