"""The scanner against damaged and hostile bytes: a report, or its own refusal, soon and in little
memory. Every failure prints its seed and its bytes.
"""

from __future__ import annotations

import gzip
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.conftest import MakeRds
from tests.runtime.r.mutants import grown, hostile, mutated, spoiled

from modelyard.errors import ModelRejected
from modelyard.runtime.r.scan import scan

SEED = 20260214
CASES = 50_000
MAX_RSS_BYTES = 200 * 2**20
MODELS = (
    "lm(mpg ~ wt + splines::ns(hp, 3), mtcars)",
    "ecdf(mtcars$mpg)",
    "rpart::rpart(mpg ~ ., mtcars)",
    "kmeans(mtcars, 3)",
    "survival::coxph(survival::Surv(time, status) ~ age, survival::lung)",
    "prcomp(mtcars)",
    "f <- function(x, ...) function() x; f(1, 2)",
    "e <- new.env(); makeActiveBinding('a', function() 1, e); delayedAssign('b', 1 + 1, assign.env = e); e",
    "list(1:10, as.character(1:3), quote(f(x)), as.name('b'), expression(a + b), raw(3), 1i, NULL)",
    "compiler::cmpfun(function(x) { for (i in 1:3) x <- x + i; x })",
    "data.table::data.table(a = 1:3, b = c('x', NA, '\\u00e9'))",
    "setClass('p', representation(x = 'numeric', f = 'function')); new('p', x = 1, f = mean)",
)  # fmt: skip

LARGER = (
    "glm(am ~ wt, binomial, mtcars)",
    "nls(mpg ~ a * exp(b * wt), mtcars, start = list(a = 40, b = -.3))",
    "MASS::glm.nb(Days ~ Sex, MASS::quine)",
)
"""For the long run: a case of theirs takes ten times as long."""


def fuzz(seed: int, cases: int, corpus: list[bytes]) -> tuple[int, float]:
    """How many of the cases were taken for R's, and the seconds of the slowest."""
    rng, taken, slowest = random.Random(seed), 0, 0.0
    packed = [gzip.compress(raw) for raw in corpus[:6]]
    for case in range(cases):
        kind = rng.random()
        if kind < 0.75:
            stored = mutated(rng, corpus)
        elif kind < 0.95:
            stored = grown(rng)
        else:
            stored = spoiled(rng, rng.choice(packed))
        took, was_taken = tried(stored, f"case {case} of seed {seed}")
        slowest, taken = max(slowest, took), taken + was_taken
    return taken, slowest


def tried(stored: bytes, which: str) -> tuple[float, bool]:
    """Seconds it took, and whether it was taken for R's."""
    started, taken = time.process_time(), True
    try:
        scan(memoryview(stored))
    except ModelRejected:
        taken = False
    except Exception as e:
        raise AssertionError(f"{which}: {e!r} for {stored[:4000].hex()}") from e
    return time.process_time() - started, taken


def peak_rss_bytes() -> int:
    """Of this program; what getrusage() says counts the process that started it too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) * 1024


def corpus_in(folder: Path) -> list[bytes]:
    return [gzip.decompress(file.read_bytes()) for file in sorted(folder.glob("*.rds"))]


@pytest.fixture(scope="module")
def corpus_folder(make_rds, tmp_path_factory) -> Path:
    return written(tmp_path_factory.mktemp("corpus"), make_rds, MODELS)


def written(folder: Path, make_rds: MakeRds, models: tuple[str, ...]) -> Path:
    for number, model in enumerate(models):
        (folder / f"{number:02}.rds").write_bytes(make_rds(model).read_bytes())
    return folder


def in_a_process_of_its_own(
    folder: Path, seed: int, cases: int, *, with_hostile: bool
) -> subprocess.CompletedProcess[str]:
    """Its peak memory is the scanner's, not that of the tests that ran before."""
    command = [sys.executable, "-m", "tests.runtime.r.test_scan_fuzz", str(folder), str(seed)]
    return subprocess.run(
        [*command, str(cases), str(int(with_hostile))],
        cwd=Path(__file__).parents[3],
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )


def check(done: subprocess.CompletedProcess[str], cases: int) -> float:
    """The seconds of the slowest, once all went as it should."""
    assert done.returncode == 0, done.stderr[-4000:]
    taken, slowest, rss = done.stdout.split()
    assert int(taken) > cases // 200, "the cases are so broken that they try nothing"
    assert int(rss) < MAX_RSS_BYTES
    return float(slowest)


def test_mutated_and_grown_files_are_reported_or_refused(corpus_folder) -> None:
    check(in_a_process_of_its_own(corpus_folder, SEED, CASES, with_hostile=False), CASES)


@pytest.mark.torture
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(20))
def test_a_million_files_are_reported_or_refused(tmp_path, make_rds, part: int) -> None:
    corpus = written(tmp_path, make_rds, MODELS + (LARGER if part % 5 == 0 else ()))
    done = in_a_process_of_its_own(corpus, SEED + 1 + part, CASES, with_hostile=part == 0)
    assert check(done, CASES) < 1.0


def test_files_made_to_exhaust_are_refused_in_little_memory(corpus_folder) -> None:
    check(in_a_process_of_its_own(corpus_folder, SEED, 0, with_hostile=True), 0)


def main() -> None:
    folder, seed, cases, with_hostile = sys.argv[1:5]
    taken, slowest = fuzz(int(seed), int(cases), corpus_in(Path(folder)))
    if int(with_hostile):
        for number, stored in enumerate(hostile()):
            took, was_taken = tried(stored, f"hostile file {number}")
            slowest, taken = max(slowest, took), taken + was_taken
    sys.stdout.write(f"{taken} {slowest:.3f} {peak_rss_bytes()}\n")


if __name__ == "__main__":
    main()
