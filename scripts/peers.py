"""Environments of libraries that conflict with ours: tests ask them to load what we export.

None is a dependency of Modelyard. Each is a folder of its own in .peers, made by `make setup-dev`.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import system
from steps import ROOT, CannotGoOn, once, output, run

PEERS = ROOT / ".peers"
NAMES = ("snowflake", "mlflow", "oip")
WITHOUT_R = ("oip",)


def ensure(name):
    """Make the environment of this name if it is not there or no longer as its pins say."""
    version = system.r_version()
    pins = ROOT / f"requirements-peer-{name}.txt"
    rpy2 = ROOT / f"requirements-rpy2-{'new' if version >= (4, 5, 0) else 'old'}.txt"
    once(
        PEERS / f".{name}.stamp",
        [pins, rpy2, str(version), output(["R", "RHOME"]) or ""],
        lambda: _build(name, pins, rpy2),
    )


def _build(name, pins, rpy2):
    folder = PEERS / name
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    pip += ["--no-compile", "--require-hashes"]
    run(
        f"peer {name}: an environment of its own",
        [system.python(), "-m", "venv", "--clear", folder],
    )
    run(f"peer {name}: {pins.name}", [*pip, "-r", pins])
    if name not in WITHOUT_R:
        _rpy2(name, python, pip, rpy2)


def _rpy2(name, python, pip, rpy2):
    with tempfile.TemporaryDirectory() as made:
        # Its own line alone: the peer's pins have what it is built with and runs on.
        alone = Path(made) / "rpy2.txt"
        blocks = re.split(r"^(?=\S)", rpy2.read_text(), flags=re.MULTILINE)
        alone.write_text("".join(b for b in blocks if b.startswith("rpy2-rinterface")))
        run(
            f"peer {name}: rpy2-rinterface",
            [*pip, "--no-deps", "--no-build-isolation", "-r", alone],
            env={"RPY2_CFFI_MODE": "API"},
        )
    if output([str(python), "-c", "import _rinterface_cffi_api"]) is None:
        raise CannotGoOn(f"rpy2 of the peer {name} lacks its compiled mode; run `make clean`.")
