"""Many processes at once, and processes killed between any two steps."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
from tests.registry.fake import MPG, opened, problems

from modelyard.registry.describe import get_model

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "modelyard"
POINTS = sorted(
    point
    for folder in ("registry", "artifacts", "catalog")
    for file in (SRC / folder).rglob("*.py")
    for point in re.findall(r'fault_point\("([a-z_.]+)"\)', file.read_text())
)


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    command = [sys.executable, "-m", f"tests.registry.{script}", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False)


def test_16_processes_log_640_versions_without_a_gap(memory):
    home = memory / "race"
    with opened(home):
        pass
    done = run("racing", home, 16, 40)
    assert done.returncode == 0, done.stderr
    told = [(home / f"told.{i}").read_text().split() for i in range(16)]
    expected = [f"V{i}" for i in range(1, 641)]
    assert sorted(chain(*told), key=lambda v: int(v[1:])) == expected
    for one in told:
        assert one == sorted(one, key=lambda v: int(v[1:]))
    with opened(home) as account:
        assert list(get_model(account, MPG).versions) == expected
        assert problems(account) == []


@pytest.fixture(scope="module")
def reports(memory):
    done = run("crashing", memory, *POINTS)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("point", POINTS)
def test_a_process_killed_here_loses_nothing_it_acknowledged(reports, point):
    own = [r for r in reports if r["point"] == point]
    assert own[0]["killed"], "the point was never reached"
    assert [r["wrong"] for r in own] == [[]] * len(own)


def test_there_is_a_point_between_every_two_steps():
    steps = {p.split(".")[0] for p in POINTS}
    assert steps >= {"log", "alias", "default", "delete", "delete_model", "gc", "artifact"}
    assert len(POINTS) == len(set(POINTS)) > 25
