"""A real server for whole stories, started by the command line and ended with its services."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
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


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("account")
    environment = os.environ | {
        "MODELYARD_HOME": str(home),
        "MODELYARD_BIN": COMMAND,
        "R_LIBS": str(ROOT / ".rlib"),
    }
    environment.pop("MODELYARD_URL", None)
    environment.pop("MODELYARD_TOKEN", None)
    start = [COMMAND, "server", "start"]
    subprocess.run(start, env=environment, check=True, stdout=subprocess.DEVNULL)
    told = json.loads((home / "server.json").read_text())
    yield Server(home, told["url"], told["token"], environment)
    stop = [COMMAND, "server", "stop", "--services"]
    subprocess.run(stop, env=environment, check=True, stdout=subprocess.DEVNULL)
