"""Compiled functions, and vectors R keeps in forms of its own (ALTREP)."""

from __future__ import annotations

from typing import Any

from modelyard.runtime.r import codes as c
from modelyard.runtime.r.atoms import MAX_NODES, PLAIN, VALUES, Found, Steps
from modelyard.runtime.r.environments import Environments
from modelyard.runtime.r.findings import CODE, Owner

MAX_SEQUENCE = 2**28
"""Elements of all sequences together that R keeps as ``from:to`` and spells out when touched."""

_SPECIAL_CALLS = frozenset(
    {
        c.LANGUAGE,
        c.PAIRLIST,
        c.SHARED,
        c.SHARED_FIRST,
        c.LANGUAGE_WITH_ATTRIBUTES,
        c.PAIRLIST_WITH_ATTRIBUTES,
    }
)
_CELLS = _SPECIAL_CALLS - {c.SHARED, c.SHARED_FIRST}
_WITH_ATTRIBUTES = (c.LANGUAGE_WITH_ATTRIBUTES, c.PAIRLIST_WITH_ATTRIBUTES)


class Bytecode(Environments):
    """Reads both. Compiled code is not checked: like every function it is the author's."""

    def _bytecode(self, flags: int, _: int) -> Steps:
        count = self.integer()
        if not 0 <= count <= MAX_NODES:
            self.refuse("compiled code cannot be read")
        if not self._in_code:
            self.findings.add(CODE, "compiled code")
        self._in_code += 1
        yield from self._compiled(count, set())
        self._in_code -= 1
        if flags & c.HAS_ATTRIBUTES:
            yield from self._attributes(Owner())
        return PLAIN[c.BYTECODE]

    def _compiled(self, count: int, shared: set[int]) -> Steps:
        """Instructions and constants; ``shared`` are the calls that later ones refer to."""
        kind, _ = yield 0
        if kind != c.INTEGER:
            self.refuse("compiled code has no instructions")
        length = self.integer()
        if not 0 <= length <= MAX_NODES:
            self.refuse("compiled code cannot be read")
        for _ in range(length):
            kind = self.integer()
            if kind == c.BYTECODE:
                yield self._compiled(count, shared)
            elif kind in _SPECIAL_CALLS:
                yield self._shared_call(kind, count, shared)
            else:
                yield 0
        return PLAIN[c.BYTECODE]

    def _shared_call(self, kind: int, count: int, shared: set[int]) -> Steps:
        """A call as compiled code keeps it: cells that may be referred to by a number."""
        cells = 0
        while kind in _SPECIAL_CALLS:
            if kind == c.SHARED:
                if self.integer() not in shared:
                    self.refuse("compiled code refers to a call that is not there")
                break
            if kind == c.SHARED_FIRST:
                place, kind = self.integer(), self.integer()
                if not 0 <= place < count:
                    self.refuse("compiled code has a call that cannot be placed")
                shared.add(place)
            if kind not in _CELLS:
                self.refuse("compiled code has a call that cannot be read")
            cells += 1
            self._cell()
            if kind in _WITH_ATTRIBUTES:
                yield 0
            tag, _ = yield 0
            if tag not in (c.SYMBOL, c.NIL):
                self.refuse("compiled code has an argument without a name that can be read")
            kind = self.integer()
            if kind in _SPECIAL_CALLS:
                yield self._shared_call(kind, count, shared)
            else:
                yield 0
            kind = self.integer()
        else:
            yield 0
        self._cells -= cells
        return PLAIN[c.LANGUAGE]

    def _altrep(self, _: int, allowed: int) -> Steps:
        kind, info = yield 0
        name, package = _symbols(info) if kind == c.PAIRLIST else ("", "")
        state = yield VALUES
        found: Found | None = None
        if package == "base":
            found = self._kept_as(name, state)
        if found is None:
            self.refuse(
                f"it holds a vector in a form of {package or 'no package'} ({name or 'unnamed'}) "
                "that is not a file's to keep; x[] makes an ordinary vector of it"
            )
        owner = Owner()
        flags = self.integer()
        if flags & 0xFF == c.PAIRLIST:
            self._again()
            yield from self._attributes(owner)
        elif flags & 0xFF != c.NIL:
            self.refuse("attributes cannot be read")
        self._settle(owner)
        return found

    def _again(self) -> None:
        """Step back before the last integer, for a reader that begins with it."""
        self._at -= 4

    def _kept_as(self, name: str, state: Found) -> Found | None:
        kind, value = state
        if name in ("compact_intseq", "compact_realseq"):
            return (c.INTEGER if "int" in name else c.REAL), self._sequence(kind, value)
        if kind not in (c.PAIRLIST, c.LIST):
            return None
        if name == "deferred_string" and kind == c.PAIRLIST and value[0][0] in (c.INTEGER, c.REAL):
            length = value[0][1]
            return c.STRING, length if isinstance(length, int) else len(length)
        if name in _WRAPPED:
            inner = value[0] if kind == c.PAIRLIST else None
            if inner is None or inner[0] in _WRAPPED.values():
                return _WRAPPED[name], None if inner is None else inner[1]
        return None

    def _sequence(self, kind: int, value: Any) -> int:
        if kind != c.REAL or not isinstance(value, tuple) or len(value) != 3:
            self.refuse("a sequence cannot be read")
        length, first, step = value
        if not (0 <= length <= MAX_SEQUENCE and length == int(length) and abs(step) == 1):
            self.refuse(f"a sequence of {length:.3g} elements is longer than {MAX_SEQUENCE:,}")
        if not abs(first) < 2**53:
            self.refuse("a sequence cannot be read")
        self._sequences += int(length)
        if self._sequences > MAX_SEQUENCE:
            self.refuse(f"its sequences have more than {MAX_SEQUENCE:,} elements together")
        return int(length)


def _symbols(info: list[Found]) -> tuple[str, str]:
    """The class of the form, and its package."""
    if len(info) < 2 or info[0][0] != c.SYMBOL or info[1][0] != c.SYMBOL:
        return "", ""
    return str(info[0][1])[:60], str(info[1][1])[:60]


_WRAPPED = {
    "wrap_integer": c.INTEGER,
    "wrap_logical": c.LOGICAL,
    "wrap_real": c.REAL,
    "wrap_complex": c.COMPLEX,
    "wrap_raw": c.RAW,
    "wrap_string": c.STRING,
    "wrap_list": c.LIST,
}
