"""Versions logged by a real R session, exported, and tried in the environments of the peers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.conftest import ROOT, Server
from tests.wrapper.wire import to_wire

CASES = (
    "lm_cars",
    "glm_visits",
    "every_type",
    "interval",
    "population",
    "arima",
    "ranger",
    "own_files",
)
HERE = Path(__file__).parent
collect_ignore = ["peers"]
"""Scripts for other Pythons."""
Columns = list[dict[str, Any]]


def peer_python(name: str) -> Path:
    python = ROOT / ".peers" / name / "bin" / "python"
    if not python.is_file():
        pytest.fail(f"There is no environment {name}: run `make setup-dev`.")
    return python


def run_peer(name: str, script: str, *arguments: object) -> None:
    """Run a script of this folder by a peer's Python, which finds nothing of ours."""
    done = subprocess.run(
        [peer_python(name), HERE / "peers" / script, *map(str, arguments)],
        env={k: os.environ[k] for k in ("PATH", "HOME") if k in os.environ},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def predicted(name: str, how: str, folder: Path, rows: list[Columns], tmp: Path) -> list[Columns]:
    """What a fresh process of a peer answers for these rows."""
    (tmp / "rows.json").write_text(json.dumps(rows))
    run_peer(name, "peer.py", how, folder, tmp / "rows.json", tmp / "answer.json")
    answers: list[Columns] = json.loads((tmp / "answer.json").read_text())
    return answers


@dataclass(frozen=True)
class Logged:
    """The account with the cases, and their versions exported as they are."""

    server: Server
    folder: Path

    def rows(self, case: str) -> Columns:
        return to_wire(self._frame(case, "samples"))

    def expected(self, case: str) -> Columns:
        wire = to_wire(self._frame(case, "golden"))
        return [{"name": c["name"], "cells": c["cells"]} for c in wire]

    def _frame(self, case: str, role: str) -> pa.Table:
        with pa.OSFile(str(self.folder / case / "files" / role)) as f:
            return pa.ipc.open_stream(f).read_all()


@pytest.fixture(scope="session")
def logged(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Logged:
    subprocess.run(["Rscript", HERE / "cases.R"], env=server.environment, check=True)
    folder = tmp_path_factory.mktemp("versions")
    for case in (*CASES, "draws", "deep"):
        server.cli("export", case, str(folder / case))
    return Logged(server, folder)


def place(version: Path, folder: Path) -> Path:
    """The files of a version where its custom_model.py wants them."""
    files = version / "files"
    folder.mkdir()
    for name in ("custom_model.py", "model", "body"):
        if (files / name).exists():
            target = name if name.endswith(".py") else f"{name}.rds"
            (folder / target).write_bytes((files / name).read_bytes())
    for name in ("user", "code"):
        if (files / name).exists():
            shutil.copytree(files / name, folder / name)
    return folder
