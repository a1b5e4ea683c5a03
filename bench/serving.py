"""Serving over HTTP beside plumber, FastAPI, MLServer, and the echo of our own HTTP server.

For each model, number of rows and concurrency all systems are asked in turn, in rounds whose
order turns; every request has other rows. Before that, each system's answers are compared with
R's, bit for bit.
``BENCH_ROUNDS`` and ``BENCH_SECONDS`` (of one system in one round) make a run shorter or longer.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bench import serving_page, serving_starts
from bench.harness import Row, report
from bench.serving_client import Alone, Line, numbers
from bench.serving_systems import (
    ALONE,
    ECHO,
    MLSERVER,
    OURS,
    PLUMBER,
    System,
    Yard,
    account,
    systems,
)

HERE = Path(__file__).parent
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "2"))
BODIES = 20_000
"""Bodies of one row; of a hundred rows there are a tenth of them."""
SIZES = (1, 100)
CONCURRENCY = (1, 8, 64)
CHECKED = 8
MODELS = ("lm", "ranger")
R = "R's own predict(), no server"
PLAIN = "records"
UNITS = {"requests": "requests/s", "p50": "ms p50", "p99": "ms p99", "errors": "errors"}


@dataclass(frozen=True)
class Told:
    """What one run of wrk found; times in milliseconds."""

    requests: float
    p50: float
    p99: float
    errors: float


class Bodies:
    """The bodies of each size, in the form a system reads, as files for wrk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple[str, int], list[bytes]] = {}
        for size in SIZES:
            rows = np.fromfile(folder / f"rows-{size}").reshape(-1, size, 4)
            for form, write in ((PLAIN, _records), ("v2", _v2)):
                bodies = [write(one) for one in rows]
                self._made[form, size] = bodies
                self.file(form, size).write_bytes(b"\n".join(bodies) + b"\n")

    def file(self, form: str, size: int) -> Path:
        """One a line."""
        return self._folder / f"{form}-{size}.txt"

    def of(self, form: str, size: int) -> list[bytes]:
        """All of them."""
        return self._made[form, size]


def _records(rows: np.ndarray) -> bytes:
    records = [dict(zip("abcd", row, strict=True)) for row in rows.tolist()]
    return json.dumps({"dataframe_records": records}).encode()


def _v2(rows: np.ndarray) -> bytes:
    inputs = [
        {"name": name, "shape": [len(rows), 1], "datatype": "FP64", "data": column}
        for name, column in zip("abcd", rows.T.tolist(), strict=True)
    ]
    return json.dumps({"inputs": inputs}).encode()


def check(system: System, bodies: Bodies, model: str, folder: Path) -> None:
    """Ask for rows whose answers R has given; every bit must be the same, where the
    system says them all."""
    for size in SIZES:
        right = np.fromfile(folder / f"answers-{model}-{size}").reshape(CHECKED, size)
        line = Line(system)
        for body, want in zip(bodies.of(system.form, size), right, strict=False):
            found = np.array(numbers(line.ask(body)[1]))
            is_right = found.tobytes() == want.tobytes()
            if not (is_right or (not system.bits and np.allclose(found, want, 1e-14, 0.0))):
                raise SystemExit(f"{system.name}: {found} of {model} are not R's {want}")
        line.close()


def load(system: System, bodies: Bodies, size: int, concurrency: int) -> Told:
    """Have wrk ask for a while, from a place in the file that no run before began at."""
    command = ["wrk", "-t1", f"-c{concurrency}", f"-d{SECONDS}s", "--timeout=30s", "--latency"]
    command += ["-s", HERE / "serving.lua", f"http://127.0.0.1:{system.port}{system.path}", "--"]
    command += [bodies.file(system.form, size), str(random.randrange(BODIES)), system.token or ""]
    done = subprocess.run(
        [str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True
    )
    told = json.loads(done.stdout.split("JSON ")[1])
    requests = told["requests"] / told["seconds"]
    # Whoever went on with what was asked of it when wrk hung up gets the time to end that.
    line = Line(system)
    line.ask(bodies.of(system.form, size)[0])
    line.close()
    return Told(requests, told["p50"], told["p99"], told["errors"])


def latency(system: System, bodies: Bodies, size: int) -> float:
    """The median milliseconds of one request after another, each acknowledged at once."""
    line, end, took = Line(system), SECONDS, []
    while sum(took) < end or len(took) < 5:
        took.append(line.ask(random.choice(bodies.of(system.form, size)))[0])
    line.close()
    return 1e3 * statistics.median(took)


def in_turns(asked: list[System], ask: Callable[[System], Told | float]) -> dict[str, list]:
    """What each system told in each round; they are warm, since their answers were checked."""
    told: dict[str, list] = defaultdict(list)
    for turn in range(ROUNDS):
        at = turn % len(asked)
        for system in asked[at:] + asked[:at]:
            told[system.name].append(ask(system))
    return told


def rows_of(case: str, told: dict[str, list[Told]]) -> list[Row]:
    """Each figure of each system: its median over the rounds, and how often plumber's."""
    found = []
    for field, unit in UNITS.items():
        pick = sum if field == "errors" else statistics.median
        values = {name: pick(getattr(t, field) for t in all_) for name, all_ in told.items()}
        base = values[PLUMBER]
        found += [
            Row(case, name, round(v, 3), unit, round(v / base, 3) if base else 0.0)
            for name, v in values.items()
        ]
    return found


def measure(yard: Yard, folder: Path, bodies: Bodies, model: str) -> list[Row]:
    """All of one model."""
    rows, at_once = [], {}
    alone = System(R, 0, "")
    with systems(yard, folder, model) as all_, closing(Alone(folder / f"{model}.rds")) as in_r:
        for system in all_:
            if system.name != ECHO:
                check(system, bodies, model, folder)
        for size in SIZES:
            plural = f"{model}, {size} row{'s' * (size > 1)}"
            for n in CONCURRENCY:
                told = in_turns(all_, lambda s, size=size, n=n: load(s, bodies, size, n))
                rows += rows_of(f"{plural}, {n} at once", told)
                at_once[size, n] = {
                    name: statistics.median(t.requests for t in ts) for name, ts in told.items()
                }
            told = in_turns(
                [*all_, alone] if size == 1 else all_,
                lambda s, size=size: in_r.ask(SECONDS) if s is alone else latency(s, bodies, size),
            )
            quick = {name: statistics.median(values) for name, values in told.items()}
            case = f"{plural}, 1 at once, acknowledged at once"
            rows += [
                Row(case, name, round(ms, 3), "ms p50", round(ms / quick[PLUMBER], 3))
                for name, ms in quick.items()
            ]
            if size == 1:
                rows.append(
                    _times(f"{plural}: above R's own predict()", quick[OURS] - quick[R], "ms")
                )
    rows += goals(model, at_once)
    return rows


def goals(model: str, at_once: dict[tuple[int, int], dict[str, float]]) -> list[Row]:
    """What the figures come to."""
    one, many = at_once[1, 1], at_once[1, 64]
    return [
        _times(f"{model}, 1 row, 64 at once: beside plumber", many[OURS] / many[PLUMBER]),
        _times(f"{model}, 1 row, 64 at once: of the echo", many[OURS] / many[ECHO]),
        _times(f"{model}, 1 row, 64 at once: joined beside not", many[OURS] / many[ALONE]),
        _times(f"{model}, 1 row, 1 at once: joined beside not", one[OURS] / one[ALONE]),
        _times(f"{model}, 1 row: 64 at once beside 1", many[OURS] / one[OURS]),
    ]


def _times(case: str, value: float, unit: str = "times") -> Row:
    return Row(case, OURS, round(value, 3), unit, round(value, 3))


def main() -> None:
    """Run and report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        script = ["Rscript", "--vanilla", str(HERE / "serving_models.R"), name, str(BODIES)]
        subprocess.run(script, check=True)
        bodies, rows, absent = Bodies(folder), [], True
        with account(folder) as yard:
            for model in MODELS:
                rows += measure(yard, folder, bodies, model)
                absent = absent and not any(row.system == MLSERVER for row in rows)
        body, right = bodies.of(PLAIN, 1)[0], np.fromfile(folder / "answers-lm-1")[:1].tolist()
        rows += serving_starts.services(yard, body, right)
        rows += serving_starts.workers(folder)
    if absent:
        rows.append(Row("NOT MEASURED: its environment could not be made", MLSERVER, 0, "", 0))
    report("serving", rows)
    serving_page.write(rows)
