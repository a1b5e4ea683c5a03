"""Run pytest, a process a core, and testthat of the R package beside it.

python3 scripts/test.py [arguments for pytest]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from steps import ROOT, VENV, main, say

QUIET = subprocess.DEVNULL
MOST_PROCESSES = 4
"""Each starts servers and workers of its own: with more, the longest file is what is waited for."""

TESTTHAT = """
library(modelyard)
testthat::test_dir(
  "r/modelyard/tests/testthat",
  package = "modelyard", load_package = "installed", reporter = "check", stop_on_failure = TRUE
)
"""


def test():
    """Both are run; either one failing fails."""
    processes = str(min(os.cpu_count() or 1, MOST_PROCESSES))
    # What a file's tests share, such as the run of the whole zoo, is made once.
    pytest = [str(VENV / "bin" / "pytest"), "-n", processes, "--dist", "loadfile", *sys.argv[1:]]
    with ThreadPoolExecutor(1) as beside:
        testthat = beside.submit(_testthat)
        in_python = subprocess.run(pytest, cwd=str(ROOT), check=False).returncode
    in_r = testthat.result()
    if in_r != 0:
        say("testthat FAILED, see above")
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
            done = subprocess.run(
                ["Rscript", "-e", TESTTHAT],
                cwd=str(ROOT),
                env=env,
                check=False,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        finally:
            stop = [modelyard, "server", "stop", "--services"]
            subprocess.run(stop, env=env, check=False, stdout=QUIET)
    # In one piece, since pytest prints beside it.
    say(f"\ntestthat: r/modelyard\n{done.stdout}")
    return done.returncode


if __name__ == "__main__":
    main(test)
