"""Made-up frames against plain R: ten of the most used classes, 1,000 frames each.

One plain Rscript a class fits the model, makes up the frames and scores them; here each goes
through the contract and a worker of the pool, and no bit may differ. A failure names the seed:
``MODELYARD_FRAMES_SEED`` gives another one, ``MODELYARD_FRAMES`` another number of frames.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from modelyard.contract import check_inputs, check_outputs
from modelyard.errors import ModelError, OutputViolation
from modelyard.runtime.manifest import Checks, Environment, File, Manifest, PredictSpec
from modelyard.signature import Column, Signature

pytestmark = pytest.mark.timeout(900)

ZOO = Path(__file__).parents[1] / "zoo"
FRAMES = int(os.environ.get("MODELYARD_FRAMES", "1000"))
SEED = int(os.environ.get("MODELYARD_FRAMES_SEED", "20240229"))
CLASSES = (
    ("everytype", "lm_every_type"),
    ("everytype", "glm_every_type"),
    ("everytype", "gam_every_type"),
    ("everytype", "lmer_every_type"),
    ("everytype", "glmnet_every_type"),
    ("everytype", "coxph_every_type"),
    ("everytype", "rpart_every_type"),
    ("trees", "randomforest_regression"),
    ("trees", "ranger_regression"),
    ("trees", "gbm_regression"),
)
ANSWERED = 0.75
"""At least so many of the frames have an answer; the others are those plain R refuses too."""


@dataclass(frozen=True, slots=True)
class Made:
    """What plain R made: the columns' types, the frames, and its answer to each or None."""

    model: Path
    told: dict[str, Any]
    frames: list[pa.Table]
    answers: list[np.ndarray | None]


def made_by_r(family: str, name: str, to: Path) -> Made:
    command = ["Rscript", "--vanilla", str(ZOO / "frames.R"), str(ZOO), family, name]
    environment = os.environ | {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
    done = subprocess.run(
        [*command, str(FRAMES), str(SEED), str(to)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads((to / "told.json").read_text())
    return Made(to / "model.rds", told, list(_frames(told, to)), list(_answers(told, to)))


def _frames(told: dict[str, Any], folder: Path) -> Iterator[pa.Table]:
    sizes = told["sizes"]
    data = memoryview((folder / "rows.bin").read_bytes())
    at, columns = 0, []
    for column in told["columns"]:
        parts = []
        for i, n in enumerate(sizes):
            values = np.frombuffer(data, np.float64, n, at)
            missing = np.frombuffer(data, np.uint8, n, at + 8 * n).astype(bool)
            # Every other frame has its factors as text.
            parts.append(_array(column, values, missing, as_text=i % 2 == 1))
            at += 9 * n
        columns.append(parts)
    assert at == len(data)
    names = [c["name"] for c in told["columns"]]
    for i in range(len(sizes)):
        yield pa.table([parts[i] for parts in columns], names)


def _array(
    column: dict[str, Any], values: np.ndarray, missing: np.ndarray, *, as_text: bool
) -> pa.Array:
    kind = column["kind"]
    whole = np.where(missing, 0, values)
    if kind == "double":
        return pa.array(values, mask=missing)
    if kind == "integer":
        return pa.array(whole.astype(np.int32), mask=missing)
    if kind == "boolean":
        return pa.array(whole.astype(bool), mask=missing)
    if kind == "date":
        return pa.array(whole.astype(np.int32), pa.int32(), mask=missing).cast(pa.date32())
    if kind == "timestamp":
        counts = pa.array((whole * 1e6).astype(np.int64), mask=missing)
        return counts.cast(pa.timestamp("us", tz="UTC"))
    codes = pa.array((np.where(missing, 1, values) - 1).astype(np.int32), mask=missing)
    found = pa.DictionaryArray.from_arrays(codes, pa.array(column["values"]))
    return found if kind == "factor" and not as_text else found.cast(pa.string())


def _answers(told: dict[str, Any], folder: Path) -> Iterator[np.ndarray | None]:
    numbers = np.fromfile(folder / "answers.bin", np.float64)
    at = 0
    for rows in told["answered"]:
        if rows < 0:
            yield None
            continue
        n = rows * told["outputs"]
        yield numbers[at : at + n].reshape(told["outputs"], rows)
        at += n
    assert at == len(numbers)


def manifest_of(told: dict[str, Any], file: File) -> Manifest:
    inputs = tuple(
        Column(
            c["name"],
            c["kind"],
            c["nullable"],
            tuple(c["values"]) if c["kind"] in ("factor", "string") else None,
            c["ordered"],
        )
        for c in told["columns"]
    )
    outputs = tuple(Column(f"prediction_{j}", "double") for j in range(told["outputs"]))
    return Manifest(
        files=(file,),
        signature=Signature(inputs, outputs),
        predict=PredictSpec("predict", tuple(told["packages"]), told["args"]),
        environment=Environment("", "", {}),
        checks=Checks("load", row_independent=True, deterministic=True),
    )


def differ(found: pa.ChunkedArray, wanted: np.ndarray) -> np.ndarray:
    """Where the bits differ; any NaN is NaN, and NA is not."""
    lacking = wanted.view(np.uint64) & np.uint64(0xFFFFFFFF) == np.uint64(1954)
    lacking &= np.isnan(wanted)
    nulls = found.is_null().to_numpy()
    values = np.asarray(found.fill_null(0.0).to_numpy(), np.float64)
    unequal = values.view(np.uint64) != wanted.view(np.uint64)
    unequal &= ~(np.isnan(values) & np.isnan(wanted))
    return np.flatnonzero((nulls != lacking) | (~nulls & ~lacking & unequal))


@pytest.fixture(scope="module")
def making(tmp_path_factory, request):
    """Plain R at work on the next class while the pool scores the last one."""
    wanted = [item.callspec.params["name"] for item in request.session.items
              if item.fspath == request.fspath]  # fmt: skip
    with ThreadPoolExecutor(1) as one:
        yield {
            name: one.submit(made_by_r, family, name, tmp_path_factory.mktemp(name))
            for family, name in CLASSES
            if name in wanted
        }


@pytest.mark.parametrize("name", [name for _, name in CLASSES])
def test_no_bit_differs_from_plain_r(workshop, pool, making, name):
    print(f"{name}: {FRAMES} frames of seed {SEED}")
    made = making[name].result()
    stored = workshop.store.put(made.model)
    manifest = manifest_of(made.told, File("model", stored.digest, stored.size_bytes))
    signature = manifest.signature
    answered = 0
    for i, (frame, wanted) in enumerate(zip(made.frames, made.answers, strict=True)):
        where = f"{name}, seed {SEED}, frame {i}: {frame.to_pydict()}"
        rows = check_inputs(frame, signature.inputs).table
        if wanted is None:
            with pytest.raises(ModelError):
                pool.predict(manifest, rows)
            continue
        found = pool.predict(manifest, rows).table
        if wanted.shape[1] != frame.num_rows:
            with pytest.raises(OutputViolation):
                check_outputs(found, signature, frame.num_rows)
            continue
        answered += 1
        table = check_outputs(found, signature, frame.num_rows)
        for j, column in enumerate(table.columns):
            wrong = differ(column, wanted[j])
            assert len(wrong) == 0, f"{where}: {column[int(wrong[0])]}, not {wanted[j][wrong[0]]}"
    assert answered >= ANSWERED * FRAMES
