"""``docs/reference/model-classes.md``, written from a run of the zoo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.zoo.run import Cell, Ran

HEAD = """# Model classes

Every class here was fitted on real data, logged, and asked every case below on every path:
`sfr_predict_local()`, `sfr_predict()`, JSON over HTTP and Arrow over HTTP, some also through a
deployed service. How they are asked is in the [guide](../guide/model-families.md). This page is written from that run (`tests/e2e/test_zoo.py`) and a test holds it to it.

`=` is the answer of plain R's own `predict()` on the same rows, bit for bit. A word is the
[code](errors.md) of the refusal. `-` is a case that needs a kind of column the model has not.
Where the path of this session differs, because only a logged version knows which columns may be
missing, it is said after a semicolon.

*Independent*: a row's answer does not depend on the other rows, so requests may be joined and
tables split. *May be missing*: the columns in which a missing value is answered.
"""


def written(ran: Iterable[Ran]) -> str:
    """The whole page."""
    models = sorted(ran, key=lambda one: one.name)
    families: dict[str, list[Ran]] = {}
    for one in models:
        families.setdefault(one.family, []).append(one)
    # The order of cases.R: no model has all of them, the one with most of them comes first.
    by_cases = sorted(models, key=lambda one: -len(one.cells))
    cases = list(dict.fromkeys(case for one in by_cases for case, _ in one.cells))
    parts = [HEAD]
    for family, members in sorted(families.items()):
        parts.append(f"\n## {family}\n")
        parts.extend(_summary(members))
        parts.append("")
        parts.extend(_cases(members, cases))
    return "\n".join(parts) + "\n"


def _summary(models: list[Ran]) -> Iterator[str]:
    yield "| model | class | task | answers | independent | may be missing |"
    yield "|---|---|---|---|---|---|"
    for one in models:
        told = one.told
        outputs = told["version"]["signature"]["outputs"]
        answers = ", ".join(f"{c['name']} {c['type']}" for c in outputs[:6])
        if len(outputs) > 6:
            answers += f", ... ({len(outputs)} columns)"
        checks = told["version"]["checks"]
        independent = "yes" if checks["row_independent"] else "no"
        if not checks["deterministic"]:
            independent = "random: seeded by the request"
        missing = [name for name, allowed in told["nullable"].items() if allowed]
        which = "all" if len(missing) == len(told["nullable"]) else ", ".join(missing) or "none"
        task = told["knows"]["task"] or "-"
        yield f"| {one.name} | `{told['class'][0]}` | {task} | {answers} | {independent} | {which} |"


def _cases(models: list[Ran], cases: list[str]) -> Iterator[str]:
    yield f"| case | {' | '.join(one.name for one in models)} |"
    yield "|" + "---|" * (len(models) + 1)
    for case in cases:
        cells = [_cell({p: c for (k, p), c in one.cells.items() if k == case}) for one in models]
        yield f"| {case} | {' | '.join(cells)} |"


def _cell(paths: dict[str, Cell]) -> str:
    if not paths:
        return "-"
    said = {p: "=" if c.outcome == "exact" else c.outcome for p, c in paths.items()}
    local = said.pop("local")
    served = " / ".join(dict.fromkeys(said.values()))
    return served if local == served else f"{served}; {local}"
