"""What many tests share: models made by a real R, a store for bytes, a pool of real workers."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from modelyard.artifacts.files import FileStore
from modelyard.compute.local import LocalCompute
from modelyard.runtime.manifest import Checks, Environment, File, Manifest, PredictSpec
from modelyard.settings import Settings
from modelyard.signature import Signature, columns
from modelyard.workers.pool import WorkerPool

MakeRds = Callable[[str], Path]


def run_r(code: str) -> str:
    """What R prints for this code."""
    done = subprocess.run(
        ["Rscript", "--vanilla", "-e", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def make_rds(tmp_path_factory: pytest.TempPathFactory) -> MakeRds:
    """An .rds file of the value of an R expression, made once a session."""
    folder = tmp_path_factory.mktemp("rds")

    def make(expression: str) -> Path:
        path = folder / (hashlib.sha256(expression.encode()).hexdigest()[:16] + ".rds")
        if not path.exists():
            run_r(f"saveRDS(local({{ {expression} }}, envir = globalenv()), '{path}')")
        return path

    return make


@pytest.fixture(scope="session")
def store_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("artifacts")


@dataclass(frozen=True)
class Workshop:
    """Makes manifests of real models, and a pool to score them with."""

    store: FileStore
    root: Path
    make_rds: MakeRds

    def manifest(
        self,
        model: str,
        inputs: dict[str, str],
        *,
        body: str | None = None,
        predict: PredictSpec | None = None,
        row_independent: bool = True,
        deterministic: bool = True,
    ) -> Manifest:
        files = [self._file("model", model)]
        if body is not None:
            files.append(self._file("body", body))
        return Manifest(
            files=tuple(files),
            signature=Signature(columns(inputs), columns({"prediction": "double"})),
            predict=predict or PredictSpec(),
            environment=Environment("", "", {}),
            checks=Checks("load", row_independent, deterministic),
        )

    def _file(self, role: str, expression: str) -> File:
        stored = self.store.put(self.make_rds(expression))
        return File(role, stored.digest, stored.size_bytes)

    def pool(self, **settings: object) -> WorkerPool:
        return WorkerPool(LocalCompute(), self.store, Settings(**settings))  # type: ignore[arg-type]


@pytest.fixture
def workshop(store_root: Path, make_rds: MakeRds) -> Workshop:
    return Workshop(FileStore(store_root), store_root, make_rds)


@pytest.fixture
def pool(workshop: Workshop) -> Iterator[WorkerPool]:
    pool = workshop.pool(max_workers=2)
    yield pool
    pool.close()


@pytest.fixture
def x() -> pa.Table:
    return pa.table({"x": [1.0, 2.0]})


ROOT = Path(__file__).parents[1]
COMMAND = str(Path(sys.executable).parent / "modelyard")


@dataclass(frozen=True)
class Server:
    """A running account: its home, address and token, and the environment that finds it."""

    home: Path
    url: str
    token: str
    environment: dict[str, str]

    def r(self, code: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run R code that finds this account by ``sfr_connect()``."""
        done = subprocess.run(
            ["Rscript", "--no-save", "-e", code],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def cli(self, *arguments: str) -> str:
        """Run a command of ``modelyard`` and return what it printed."""
        return subprocess.run(
            [COMMAND, *arguments],
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout


@contextmanager
def serving(home: Path, **settings: object) -> Iterator[Server]:
    """A server of an account of its own, ended with its services after the block."""
    environment = os.environ | {
        "MODELYARD_HOME": str(home),
        "MODELYARD_BIN": COMMAND,
        "R_LIBS": str(ROOT / ".rlib"),
    }
    environment.pop("MODELYARD_URL", None)
    environment.pop("MODELYARD_TOKEN", None)
    environment |= {f"MODELYARD_{name.upper()}": str(v) for name, v in settings.items()}
    start = [COMMAND, "server", "start"]
    subprocess.run(start, env=environment, check=True, stdout=subprocess.DEVNULL)
    told = json.loads((home / "server.json").read_text())
    try:
        yield Server(home, told["url"], told["token"], environment)
    finally:
        stop = [COMMAND, "server", "stop", "--services"]
        subprocess.run(stop, env=environment, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("account")) as server:
        yield server


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-pages", action="store_true", help="write the pages that are made from a run"
    )
