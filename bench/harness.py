"""What every benchmark shares: interleaved rounds, medians, a printed table, a JSON file.

All systems of a case are timed in turn within one round, so that whatever else the machine does
falls on all of them; ratios are of medians within one run. Absolute figures drift; ratios hold.
"""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Row:
    """One measured figure; ``ratio`` is to the first system of its case."""

    case: str
    system: str
    value: float
    unit: str
    ratio: float


def interleaved(systems: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each system's call, the order turned every round, after one warm-up."""
    names = list(systems)
    times: dict[str, list[float]] = {name: [] for name in names}
    for name in names:
        systems[name]()
    for i in range(rounds):
        for name in names[i % len(names) :] + names[: i % len(names)]:
            started = time.perf_counter()
            systems[name]()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(found) for name, found in times.items()}


def rows_of(
    case: str, medians: Mapping[str, float], unit: str = "ms", scale: float = 1e3
) -> list[Row]:
    """Rows of one case; the first system is what the others are compared with."""
    first = next(iter(medians.values()))
    return [
        Row(case, s, round(v * scale, 4), unit, round(v / first, 3)) for s, v in medians.items()
    ]


def report(name: str, rows: Sequence[Row]) -> None:
    """Print the table and write ``results/NAME.json``."""
    table = Table(title=name)
    for heading in ("case", "system", "value", "unit", "ratio"):
        table.add_column(heading, justify="left" if heading in ("case", "system") else "right")
    for row in rows:
        table.add_row(row.case, row.system, f"{row.value:g}", row.unit, f"{row.ratio:g}")
    Console(width=110).print(table)
    RESULTS.mkdir(exist_ok=True)
    document = {"machine": platform.platform(), "rows": [asdict(r) for r in rows]}
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
