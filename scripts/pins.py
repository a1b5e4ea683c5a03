"""Make requirements*.txt from requirements*.in: every package at one version, with its hashes.

No file names a registry: where packages come from is the business of the machine that installs.
"""

from __future__ import annotations

import tempfile
import venv
from pathlib import Path

from steps import main, run

# The order counts: the later ones are constrained by requirements.txt.
NAMES = (
    "requirements",
    "requirements-dev",
    "requirements-bench-reference",
    "requirements-bench-mlserver",
    "requirements-rpy2-old",
    "requirements-rpy2-new",
    "requirements-peer-snowflake",
    "requirements-peer-mlflow",
    "requirements-peer-oip",
)


def pins():
    """Compile each in a virtual environment that goes away."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        run("pip-tools", [python, "-m", "pip", "install", "pip-tools"])
        for name in NAMES:
            command = [python, "-m", "piptools", "compile", "--quiet", "--strip-extras"]
            command += ["--generate-hashes", "--allow-unsafe", "--no-header"]
            command += ["--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"]
            run(f"{name}.txt", [*command, f"--output-file={name}.txt", f"{name}.in"])
    return 0


if __name__ == "__main__":
    main(pins)
