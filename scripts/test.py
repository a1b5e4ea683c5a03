"""Run testthat of the R package, then pytest; pytest's own summary is the last line.

python3 scripts/test.py [arguments for pytest]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from steps import ROOT, VENV, main, say

QUIET = subprocess.DEVNULL


TESTTHAT = """
library(modelyard)
testthat::test_dir(
  "r/modelyard/tests/testthat",
  package = "modelyard", load_package = "installed", reporter = "check", stop_on_failure = TRUE
)
"""


def test():
    """Both are run; either one failing fails."""
    say("testthat: r/modelyard")
    in_r = _testthat()
    if in_r != 0:
        say("testthat FAILED, see above")
    say("\npytest")
    pytest = [str(VENV / "bin" / "pytest"), *sys.argv[1:]]
    in_python = subprocess.run(pytest, cwd=str(ROOT), check=False).returncode
    return in_r or in_python


def _testthat():
    """The R package's tests, those against a real server too: one of an account that goes away."""
    with tempfile.TemporaryDirectory(prefix="modelyard-test-") as home:
        # Without NOT_CRAN snapshots are skipped and prove nothing.
        env = dict(os.environ, NOT_CRAN="true", MODELYARD_HOME=home)
        modelyard = str(VENV / "bin" / "modelyard")
        subprocess.run([modelyard, "server", "start", "--json"], env=env, check=True, stdout=QUIET)
        try:
            server = json.loads((Path(home) / "server.json").read_text())
            env["MODELYARD_E2E_URL"] = server["url"]
            env["MODELYARD_E2E_TOKEN"] = server["token"]
            command = ["Rscript", "-e", TESTTHAT]
            return subprocess.run(command, cwd=str(ROOT), env=env, check=False).returncode
        finally:
            stop = [modelyard, "server", "stop", "--services"]
            subprocess.run(stop, env=env, check=False, stdout=QUIET)


if __name__ == "__main__":
    main(test)
