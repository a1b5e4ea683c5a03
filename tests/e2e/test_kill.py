"""The server killed at every step of logging and of moving an alias: what was said stays true.

The server runs with a fault point set, so that it dies as ``kill -9`` would; then it is started
again, the client tries again with the same idempotency key, and everything is looked at.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from tests.conftest import COMMAND

SRC = Path(__file__).parents[2] / "src"
POINTS = sorted(
    {
        point
        for file in SRC.rglob("*.py")
        for point in re.findall(r'fault_point\("([a-z_.]+)"\)', file.read_text())
        if point.startswith(("log.", "alias.", "artifact."))
    }
)


class Account:
    """An account whose server is started, killed and started again."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def start(self, fault: str | None = None) -> None:
        environment = os.environ | {"MODELYARD_HOME": str(self.home)}
        if fault:
            environment["MODELYARD_FAULT"] = fault
        subprocess.run(
            [COMMAND, "server", "start"], env=environment, check=True, stdout=subprocess.DEVNULL
        )
        told = json.loads((self.home / "server.json").read_text())
        self.http = httpx.Client(
            base_url=told["url"] + "/api/v1",
            headers={"authorization": f"Bearer {told['token']}"},
            timeout=60,
        )

    def stop(self) -> None:
        environment = os.environ | {"MODELYARD_HOME": str(self.home)}
        subprocess.run(
            [COMMAND, "server", "stop"], env=environment, check=True, stdout=subprocess.DEVNULL
        )

    def log(self, model: bytes, key: str) -> str:
        """Upload and log, as a client does; the version that was acknowledged."""
        digest = self.http.post("/artifacts", content=model).raise_for_status().json()["digest"]
        request = {"files": {"model": digest}}
        answer = self.http.post(
            "/models/D.S.MPG/versions", json=request, headers={"idempotency-key": key}
        )
        return str(answer.raise_for_status().json()["version"])

    def alias(self, version: str) -> None:
        path = "/models/D.S.MPG/aliases/production"
        self.http.put(path, json={"version": version}).raise_for_status()


@pytest.fixture(scope="module")
def model(make_rds):
    return make_rds("lm(mpg ~ wt + hp + cyl, data = mtcars)").read_bytes()


@pytest.fixture(scope="module")
def logged_once(tmp_path_factory, model):
    """The home of an account that has V1, in production, and no server."""
    home = tmp_path_factory.mktemp("killed") / "home"
    account = Account(home)
    account.start()
    assert account.log(model, "first") == "V1"
    account.alias("V1")
    account.stop()
    return home


def test_there_are_points_between_all_steps():
    assert len([p for p in POINTS if p.startswith("log.")]) >= 6
    assert len([p for p in POINTS if p.startswith("alias.")]) >= 3


@pytest.mark.parametrize("point", POINTS)
def test_a_server_killed_here_loses_nothing_and_halves_nothing(tmp_path, logged_once, model, point):
    account = Account(Path(shutil.copytree(logged_once, tmp_path / "home")))
    account.start(fault=point)
    with pytest.raises(httpx.TransportError):  # it died before it could answer
        account.log(model, "second")
        account.alias("V2")
    account.start()
    versions = [
        v["version"] for v in account.http.get("/models/D.S.MPG/versions").json()["versions"]
    ]
    assert versions in (["V1"], ["V1", "V2"])
    aliases = account.http.get("/models/D.S.MPG/aliases").json()["aliases"]
    assert aliases == {"production": "V1"} or (
        aliases == {"production": "V2"} and point.startswith("alias.")
    )
    assert account.log(model, "second") == "V2"  # the same key: one version, however often
    assert account.log(model, "second") == "V2"
    account.alias("V2")
    listed = account.http.get("/models/D.S.MPG/versions").json()["versions"]
    assert [v["version"] for v in listed] == ["V1", "V2"]
    rows = {"dataframe_records": [{"wt": 2.5, "hp": 110, "cyl": 4}]}
    answers = {
        word: account.http.post(f"/models/D.S.MPG/predict?version={word}", json=rows).json()
        for word in ("V1", "V2", "production")
    }
    assert answers["V1"] == answers["V2"] == answers["production"]
    assert "data" in answers["V1"]
    account.http.post("/gc", json={"grace_s": 0}).raise_for_status()
    kept = {f["digest"] for v in listed for f in v["files"]}
    stored = {f.name for f in (tmp_path / "home" / "artifacts").rglob("*") if len(f.name) == 64}
    assert stored == kept
    account.stop()
