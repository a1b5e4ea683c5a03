"""The benchmarks that are written in R: an account of their own, one Rscript and table each."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from bench.harness import Row, report

HERE = Path(__file__).parent
ROOT = HERE.parent


def run(name: str, environment: dict[str, str]) -> None:
    """Run ``NAME.R`` and report its medians; the first system of a case is its reference."""
    done = subprocess.run(
        ["Rscript", "--no-save", str(HERE / f"{name}.R")],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
    )
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            one = json.loads(line)
            found[one["case"]][one["system"]].append(one["seconds"])
    rows = []
    for case, systems in found.items():
        medians = {system: statistics.median(times) for system, times in systems.items()}
        first = next(iter(medians.values()))
        rows += [
            Row(case, system, round(1e3 * value, 3), "ms", round(value / first, 3))
            for system, value in medians.items()
        ]
    report(name, rows)


def main(names: Sequence[str]) -> None:
    """Run the named benchmarks against a server of their own."""
    command = str(Path(sys.executable).parent / "modelyard")
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {
            "MODELYARD_HOME": home,
            "MODELYARD_BIN": command,
            "R_LIBS": str(ROOT / ".rlib"),
        }
        environment.pop("MODELYARD_URL", None)
        subprocess.run([command, "server", "start"], env=environment, check=True)
        try:
            for name in names:
                run(name, environment)
        finally:
            subprocess.run([command, "server", "stop", "--services"], env=environment, check=True)
