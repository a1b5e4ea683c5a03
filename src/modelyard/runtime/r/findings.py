"""What is gathered while a model's bytes are walked: findings with paths, and the largest parts.

A list's names stand after its elements in the file. So a finding begins without a path, and each
value around it adds its step as it ends; only what is worth telling is ever kept.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from modelyard.runtime.r.pure import CALLS, NEVER_FITS, RESTORED

FUNCTION, HEAD, CODE, POINTER, ACTIVE, PROMISE, CAPTURED, ROWS = (
    "function",
    "call",
    "compiled code",
    "external pointer",
    "active binding",
    "promise",
    "environment",
    "rows",
)
MAX_OF_A_KIND = 500
SMALL_BYTES = 4096
"""Parts below are not told apart."""
MAX_KIDS = 8
_MAX_STEPS = 24
_NAME = re.compile(r"(?:[A-Za-z]|\.(?!\d))[\w.]*\Z", re.ASCII)
_MATRIX_NAMES = "x X SV xmatrix data xdata xlearn train xtrain x.train"
_MATRICES = frozenset(_MATRIX_NAMES.split())
"""Elements that hold the training rows as a matrix; other matrices are results."""
_TABLE_NAMES = (
    "frame anova info var_info term_info last_term_info results resample pred bestTune perfNames "
    "cptable ptypes"
)
_TABLES = frozenset("\0$" + name for name in _TABLE_NAMES.split())
"""Data frames that packages keep about a model, not of its training rows."""


Step = tuple[str, str]
"""The name of a part, and the R expression to it with ``\\0`` for what it is a part of."""


@dataclass(slots=True, eq=False)
class Finding:
    """One thing worth telling. ``steps`` lead to it, the innermost first; ``\\0`` is what is left
    of the step.
    """

    kind: str
    what: str
    steps: list[str] = field(default_factory=list)
    numbers: tuple[int, ...] = ()
    held: tuple[tuple[int, str], ...] = ()

    def path(self) -> str:
        """The R expression that leads there."""
        return path_of(self.steps[::-1])


@dataclass(slots=True, eq=False)
class Kid:
    """A part that is large enough to be told apart, and its own such parts."""

    step: Step | int
    size: int
    kids: list[Kid]
    whole: bool
    """It is one thing to a reader (a data frame), and not split."""


def path_of(steps: list[str]) -> str:
    """The R expression for steps from the outermost to the innermost.

    >>> path_of(["\\0$qr", 'attr(\\0, "assign")'])
    'attr(model$qr, "assign")'
    """
    if len(steps) > _MAX_STEPS:
        half = _MAX_STEPS // 2
        steps = [*steps[:half], "\0 ... ", *steps[-half:]]
    path = "model"
    for step in steps:
        path = step.replace("\0", path, 1)
    return path


def element(name: str | None, number: int) -> Step:
    """The step to an element of a list, by its name or else its number from 1."""
    return (name, f"\0${quoted(name)}") if name else ("", f"\0[[{number}]]")


def attribute(name: str) -> Step:
    """The step to an attribute; that of a formula or of terms is their environment."""
    if name == ".Environment":
        return name, "environment(\0)"
    return name, f"attr(\0, {quoted_text(name)})"


def slot(name: str) -> Step:
    """The step to a slot of an S4 object."""
    return name, f"\0@{quoted(name)}"


def quoted_text(text: str) -> str:
    """A text as R code writes it."""
    shown = "".join(c if c.isprintable() else "?" for c in text[:60])
    return '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'


def quoted(name: str) -> str:
    """A name as R code writes it after ``$`` or ``@``."""
    if _NAME.match(name):
        return name
    shown = "".join(c if c.isprintable() else "?" for c in name[:60])
    return "`" + shown.replace("\\", "\\\\").replace("`", "\\`") + "`"


class Owner:
    """A value that others are parts of, while it is walked."""

    __slots__ = ("_kids", "_pending", "classes", "dim", "names", "rows")

    def __init__(self) -> None:
        self.names: list[str] | None = None
        self.classes: list[str] = []
        self.dim: tuple[int, ...] = ()
        self.rows = 0
        self._kids: list[Kid] = []
        self._pending: list[tuple[Step | int, int, int]] = []

    def add(self, step: Step | int, size: int, kids: list[Kid], whole: bool) -> None:
        """Keep a part if it is among the largest."""
        self._kids.append(Kid(step, size, kids, whole))
        if len(self._kids) > MAX_KIDS:
            self._kids.remove(min(self._kids, key=lambda kid: kid.size))

    def found(self, step: Step | int, first: int, last: int) -> None:
        """Findings first to last were made in the part that ``step`` leads to."""
        self._pending.append((step, first, last))

    def settle(self, findings: Findings) -> list[Kid]:
        """Its names are known: give every finding and part in it its step."""
        for kid in self._kids:
            kid.step = self._step(kid.step)
        if self._pending:
            for step, first, last in self._pending:
                findings.step(first, last, self._step(step))
            first = self._pending[0][1]
            for one in self.classes:
                if one in RESTORED:
                    findings.restore(first)
            findings.tidy(first)
        return self._kids

    def _step(self, step: Step | int) -> Step:
        if not isinstance(step, int):
            return step
        name = self.names[step] if self.names is not None and step < len(self.names) else None
        return element(name, step + 1)


class Findings:
    """All findings so far. The newest are those of the value being walked."""

    def __init__(self) -> None:
        self.live: list[Finding] = []
        self.count: Counter[str] = Counter()
        self.namespaces: dict[str, None] = {}
        self._kept: Counter[str] = Counter()

    def add(
        self,
        kind: str,
        what: str,
        numbers: tuple[int, ...] = (),
        held: tuple[tuple[int, str], ...] = (),
    ) -> None:
        """Keep a finding; of many of a kind only the number."""
        self.count[kind] += 1
        if self._kept[kind] < MAX_OF_A_KIND:
            self._kept[kind] += 1
            self.live.append(Finding(kind, what, [], numbers, held))

    def step(self, first: int, last: int, step: Step) -> None:
        """The value around these has ended. What turns out not to be worth telling is dropped."""
        name, text = step
        for finding in self.live[first:last]:
            if not finding.steps and finding.kind in (HEAD, ROWS):
                fitted = finding.kind == HEAD and name in CALLS and finding.what not in NEVER_FITS
                tells = finding.what != "matrix" or name in _MATRICES
                if fitted or (finding.kind == ROWS and (not tells or text in _TABLES)):
                    self._drop(finding)
            finding.steps.append(text)

    def restore(self, first: int) -> None:
        """Pointers among the newest findings, from ``first`` on, are made anew by a package."""
        for finding in self.live[first:]:
            if finding.kind == POINTER:
                self._drop(finding)

    def tidy(self, first: int) -> None:
        """Forget what was dropped among the newest findings."""
        self.live[first:] = [f for f in self.live[first:] if f.kind]

    def _drop(self, finding: Finding) -> None:
        self.count[finding.kind] -= 1
        self._kept[finding.kind] -= 1
        finding.kind = ""

    def of(self, *kinds: str) -> list[Finding]:
        """Those of these kinds, in the order of the file."""
        return [f for f in self.live if f.kind in kinds]


def largest(kids: list[Kid], number: int = 5) -> list[tuple[str, int]]:
    """Path and bytes of the largest parts: one is split as long as one of its own is most of it."""
    found = [([_text(kid)], kid) for kid in kids]
    done: list[tuple[list[str], Kid]] = []
    while found:
        steps, kid = found.pop()
        inner = max((k.size for k in kid.kids), default=0)
        if kid.whole or 2 * inner < kid.size or len(steps) >= _MAX_STEPS:
            done.append((steps, kid))
        else:
            found.extend(([*steps, _text(k)], k) for k in kid.kids)
    done.sort(key=lambda part: -part[1].size)
    return [(path_of(steps), kid.size) for steps, kid in done[:number]]


def _text(kid: Kid) -> str:
    assert not isinstance(kid.step, int)
    return kid.step[1]
