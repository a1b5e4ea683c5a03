"""What it costs to look through a model's bytes, beside what R takes to read the same file.

Measured in the scanner's own process time, once per logged or imported version; loads of a version
that was logged are not scanned.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from bench.harness import Row, report

from modelyard.runtime.r.scan import scan

ROUNDS = 5
MODELS = {
    "lm": "lm(mpg ~ wt + hp, mtcars)",
    "glm": "glm(am ~ wt, binomial, mtcars)",
    "ranger, 500 trees": "ranger::ranger(mpg ~ ., mtcars)",
    "lmer": "lme4::lmer(Reaction ~ Days + (Days | Subject), lme4::sleepstudy)",
    "20 MB of numbers": "list(lm(mpg ~ wt, mtcars), runif(2.5e6))",
    "20 MB of text": "list(lm(mpg ~ wt, mtcars), as.character(runif(1e6)))",
}
IN_R = """
made <- list({models})
for (name in names(made)) {{
  file <- file.path("{folder}", paste0(name, ".rds"))
  con <- gzfile(file, "wb", compression = 1)
  saveRDS(made[[name]], con)
  close(con)
  took <- vapply(1:{rounds}, \\(i) system.time(for (j in 1:20) readRDS(file))[[1]] / 20, 0)
  cat(name, "\\t", stats::median(took), "\\n", sep = "")
}}
"""


def main() -> None:
    """Measure, print and write ``results/scan.json``."""
    with tempfile.TemporaryDirectory() as folder:
        models = ",".join(f'"{name}" = {code}' for name, code in MODELS.items())
        code = IN_R.format(models=models, folder=folder, rounds=ROUNDS)
        told = subprocess.run(
            ["Rscript", "--vanilla", "-e", code], stdout=subprocess.PIPE, text=True, check=True
        ).stdout
        rows = []
        for line in told.splitlines():
            name, _, seconds = line.partition("\t")
            stored = (Path(folder) / f"{name}.rds").read_bytes()
            ours = _median_s(stored)
            in_r = float(seconds)
            rows.append(Row(name, "readRDS() in R", round(in_r * 1e3, 2), "ms", 1.0))
            rows.append(Row(name, "scan", round(ours * 1e3, 2), "ms", round(ours / in_r, 2)))
        report("scan", rows)


def _median_s(stored: bytes) -> float:
    took = []
    for _ in range(ROUNDS):
        started = time.process_time()
        scan(memoryview(stored))
        took.append(time.process_time() - started)
    return statistics.median(took)


if __name__ == "__main__":
    main()
