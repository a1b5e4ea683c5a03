"""Run testthat of the R package, then pytest; pytest's own summary is the last line.

python3 scripts/test.py [arguments for pytest]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from steps import ROOT, VENV, main, say


def test():
    """Both are run; either one failing fails."""
    with tempfile.TemporaryDirectory(prefix="modelyard-test-") as home:
        say("testthat: r/modelyard")
        # Without NOT_CRAN snapshots are skipped and prove nothing.
        env = dict(os.environ, NOT_CRAN="true", MODELYARD_HOME=home)
        code = (
            "library(modelyard); "
            'testthat::test_dir("r/modelyard/tests/testthat", package = "modelyard", '
            'load_package = "installed", reporter = "check", stop_on_failure = TRUE)'
        )
        in_r = subprocess.run(["Rscript", "-e", code], cwd=str(ROOT), env=env, check=False)
        _stop_server(env)
    if in_r.returncode != 0:
        say("testthat FAILED, see above")
    say("\npytest")
    pytest = [str(VENV / "bin" / "pytest"), *sys.argv[1:]]
    in_python = subprocess.run(pytest, cwd=str(ROOT), check=False)
    return in_r.returncode or in_python.returncode


def _stop_server(env):
    """End the server that the R tests may have started for their account."""
    subprocess.run(
        [str(VENV / "bin" / "modelyard"), "server", "stop", "--services"],
        cwd=str(ROOT),
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


if __name__ == "__main__":
    main(test)
