"""What every benchmark shares: a printed table and a file of results.

All systems of a case are timed in turn within one round, so that whatever else the machine does
falls on all of them; ratios are of medians within one run. Absolute figures drift; ratios hold.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
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
