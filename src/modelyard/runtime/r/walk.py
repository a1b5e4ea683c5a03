"""A bounded walk through any value in R's serialised form, without R and without recursion.

It knows every type R writes, follows the rules by which R reads them, and makes no copy of long
vectors. It refuses what cannot be R's, what would take R beyond its limits, and promises where R
never puts one: a promise that R meets outside an environment runs code the moment it is looked at
(CVE-2024-27322, which R 4.4 closes for the topmost value only).
"""

from __future__ import annotations

from collections.abc import Iterator
from types import GeneratorType
from typing import Any

from modelyard.runtime.r import codes as c
from modelyard.runtime.r.atoms import Readers, Steps
from modelyard.runtime.r.bytecode import Bytecode
from modelyard.runtime.r.parts import MAX_DEPTH


class Walk(Bytecode):
    """One walk through the bytes; ``findings`` and ``kids`` hold what it came across."""

    def __init__(self, chunks: Iterator[bytes | memoryview]) -> None:
        super().__init__(chunks)
        self._readers = self._table()

    def run(self) -> None:
        """Walk to the end.

        Raises:
            ModelRejected: with the reason.
        """
        stack: list[Steps] = []
        item = self.item
        answer: Any = item(0)
        while True:
            if type(answer) is GeneratorType:
                stack.append(answer)
                if len(stack) + self._cells > MAX_DEPTH:
                    self.refuse(f"its values are nested more than {MAX_DEPTH:,} deep")
                answer = None
            elif not stack:
                break
            try:
                wanted = stack[-1].send(answer)
            except StopIteration as done:
                stack.pop()
                answer = done.value
            else:
                answer = item(wanted) if type(wanted) is int else wanted
        if not self.at_end():
            self.refuse("other bytes follow it")

    def _table(self) -> Readers:
        return {
            c.NIL: self._plain,
            c.GLOBAL_ENVIRONMENT: self._plain,
            c.BASE_ENVIRONMENT: self._plain,
            c.EMPTY_ENVIRONMENT: self._plain,
            c.BASE_NAMESPACE: self._plain,
            c.MISSING_ARGUMENT: self._plain,
            c.REFERENCE: self._reference,
            c.SYMBOL: self._symbol,
            c.UNBOUND: self._unbound,
            c.PERSISTENT: self._persistent,
            c.NAMESPACE: self._package,
            c.PACKAGE: self._package,
            c.ENVIRONMENT: self._environment,
            c.PAIRLIST: self._pairlist,
            c.LANGUAGE: self._call,
            c.DOTS: self._dots,
            c.CLOSURE: self._closure,
            c.PROMISE: self._promise,
            c.POINTER: self._pointer,
            c.WEAK_REFERENCE: self._weak,
            c.SPECIAL: self._primitive,
            c.BUILTIN: self._primitive,
            c.LOGICAL: self._vector,
            c.INTEGER: self._vector,
            c.REAL: self._vector,
            c.COMPLEX: self._vector,
            c.RAW: self._vector,
            c.STRING: self._strings,
            c.LIST: self._list,
            c.EXPRESSION: self._list,
            c.BYTECODE: self._bytecode,
            c.S4: self._s4,
            c.ALTREP: self._altrep,
        }
