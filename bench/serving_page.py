"""The tables of bench/serving.py in docs/reference/performance.md, made anew by each run."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bench.bridge import ROOT
from bench.harness import Row

PAGE = ROOT / "docs/reference/performance.md"
BEGIN, END = "<!-- made by make bench-serving -->\n", "<!-- end -->\n"
UNITS = ("requests/s", "ms p50", "ms p99", "errors")


def write(rows: Sequence[Row]) -> None:
    """Put the figures between the marks of the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + made(rows) + END + after, encoding="utf-8")


def made(rows: Sequence[Row]) -> str:
    """One table of a line for each system and load, and one of all else."""
    loads: dict[tuple[str, str], dict[str, Row]] = {}
    others = []
    for row in rows:
        if re.search(r"\d at once$", row.case) and row.unit in UNITS:
            loads.setdefault((row.case, row.system), {})[row.unit] = row
        else:
            others.append(row)
    lines = ["| case | system | requests/s | beside plumber | p50 | p99 | errors |"]
    lines.append("|---|---|---|---|---|---|---|")
    for (case, system), found in loads.items():
        rate, p50, p99, errors = (found[unit] for unit in UNITS)
        lines.append(
            f"| {case} | {system} | {rate.value:,.0f} | {rate.ratio:g} | {p50.value:g} ms "
            f"| {p99.value:g} ms | {errors.value:g} |"
        )
    lines += ["", "| case | system | value | ratio |", "|---|---|---|---|"]
    lines += [f"| {r.case} | {r.system} | {r.value:g} {r.unit} | {r.ratio:g} |" for r in others]
    return "\n".join(["", *lines, ""]) + "\n"
