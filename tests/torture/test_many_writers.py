"""Many processes log one name at once through a real server, each version verified by a real R."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROCESSES, EACH = 16, 40
WRITER = """
import sys, modelyard
registry = modelyard.Registry(modelyard.connect(), "RACE", "MODELS")
for _ in range(int(sys.argv[2])):
    version = registry.log_model(sys.argv[1], model_name="MPG")
    print(version.version_name, flush=True)
"""


@pytest.mark.torture
@pytest.mark.timeout(3000)
def test_16_processes_log_640_verified_versions_without_a_gap(server, make_rds, results):
    model = str(make_rds("lm(mpg ~ wt, data = mtcars)"))
    command = [sys.executable, "-c", WRITER, model, str(EACH)]
    writers = [
        subprocess.Popen(command, env=server.environment, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    acknowledged = [name for w in writers for name in w.communicate()[0].split()]
    assert all(w.returncode == 0 for w in writers)
    wanted = {f"V{i}" for i in range(1, PROCESSES * EACH + 1)}
    assert len(acknowledged) == PROCESSES * EACH
    assert set(acknowledged) == wanted
    listed = json.loads(server.cli("versions", "RACE.MODELS.MPG", "--json"))
    assert {v["version"] for v in listed} == wanted
    done = f"{PROCESSES * EACH} versions of one model by {PROCESSES} processes"
    results.add("many writers", done, "all verified, no gap", "V1 to V640, each once")
