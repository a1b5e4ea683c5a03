"""Set up all that Modelyard needs; a second run finds nothing to do.

    python3 scripts/setup.py [--dev]

``--dev`` adds what the tests and checks need. In order: packages of the system, a virtual
environment in .venv, pinned Python packages with their hashes, the rpy2 that fits the R found,
Modelyard itself, both R packages in .rlib, and an .Renviron by which R finds all this; with
``--dev`` also, beside all this, the peers: environments of libraries that exports are tried with.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import peers
import system
from steps import RLIB, ROOT, VENV, CannotGoOn, main, once, output, run, say

PYTHON = VENV / "bin" / "python"
PIP = [PYTHON, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
RENVIRON_MARK = "# Written by scripts/setup.py: R started in this folder finds Modelyard."


def set_up():
    """All steps; each says so when it has something to do."""
    started = time.monotonic()
    dev = "--dev" in sys.argv[1:]
    system.ensure(dev)
    with ThreadPoolExecutor() as beside:
        made = [beside.submit(peers.ensure, name) for name in peers.NAMES if dev]
        _environment()
        _requirements(dev)
        _rpy2()
        _modelyard()
        _r_packages()
        _renviron()
    for one in made:
        one.result()
    took = time.monotonic() - started
    if took > 5:
        say(f"  set-up: ready after {took:.0f} s")
    return 0


def _environment():
    base = system.python()
    if PYTHON.is_file() and output([str(PYTHON), "-c", "import pip"]) is None:
        run("virtual environment: repairing", [base, "-m", "venv", "--clear", VENV])
    if not PYTHON.is_file():
        run(
            f"virtual environment: .venv from {base}",
            [base, "-m", "venv", VENV],
            hint=f"{base} cannot make a virtual environment; install its venv module.",
        )


def _requirements(dev):
    files = [ROOT / "requirements.txt"] + ([ROOT / "requirements-dev.txt"] if dev else [])
    for file in files:
        once(
            VENV / ".stamps" / file.stem,
            [file],
            lambda file=file: run(
                f"python packages: {file.name}", [*PIP, "--require-hashes", "-r", file]
            ),
        )


def _rpy2():
    version = system.r_version()
    which = "new" if version >= (4, 5, 0) else "old"
    pins = ROOT / f"requirements-rpy2-{which}.txt"
    r = ".".join(map(str, version))

    def build():
        pin = re.search(r"^rpy2-rinterface==(\S+)", pins.read_text(), re.MULTILINE).group(1)
        why = "4.5 or later" if which == "new" else "before 4.5, which later releases cannot load"
        say(f"  rpy2-rinterface {pin}, because R is {r}: {why}")
        _build_tools(pins)
        # API mode is compiled; without a header rpy2 would fall back to a slow mode in silence.
        run(
            f"rpy2-rinterface {pin}: compiling against R {r}",
            [*PIP, "--require-hashes", "--no-build-isolation", "-r", pins],
            env={"RPY2_CFFI_MODE": "API"},
            hint="rpy2 could not be compiled; it needs a C compiler and the headers of Python, "
            "PCRE2, liblzma, bzip2, ICU and BLAS.",
        )
        if output([str(PYTHON), "-c", "import _rinterface_cffi_api"]) is None:
            raise CannotGoOn(
                "rpy2 was installed without its compiled mode; run `make clean setup`."
            )

    once(VENV / ".stamps" / "rpy2", [pins, r, output(["R", "RHOME"]) or ""], build)


def _build_tools(pins):
    """Install what rpy2 is built with first, at its pins: every line but rpy2's own."""
    blocks = re.split(r"^(?=\S)", pins.read_text(), flags=re.MULTILINE)
    kept = [b for b in blocks if not b.startswith("rpy2-rinterface")]
    with tempfile.TemporaryDirectory() as folder:
        tools = Path(folder) / "tools.txt"
        tools.write_text("".join(kept))
        run("rpy2-rinterface: its build tools", [*PIP, "--require-hashes", "-r", tools])


def _modelyard():
    once(
        VENV / ".stamps" / "modelyard",
        [ROOT / "pyproject.toml", str(ROOT)],
        lambda: run(
            "modelyard: into .venv", [*PIP, "--no-deps", "--no-build-isolation", "-e", ROOT]
        ),
    )
    # A worker may not write, so what Python makes of its files is made here: only what has changed.
    output([str(PYTHON), "-m", "compileall", "-q", str(ROOT / "src")])


def _r_packages():
    RLIB.mkdir(exist_ok=True)
    r = ".".join(map(str, system.r_version()))
    for name in ("modelyard", "snowflakeR"):
        source = ROOT / "r" / name
        once(
            RLIB / f".{name}.stamp",
            [source, r],
            lambda name=name, source=source: run(
                f"R package {name}: into .rlib",
                ["R", "CMD", "INSTALL", f"--library={RLIB}", source],
                env={"R_LIBS": str(RLIB)},
            ),
        )


def _renviron():
    file = ROOT / ".Renviron"
    if file.is_file() and not file.read_text().startswith(RENVIRON_MARK):
        say("  .Renviron is not ours and stays as it is: R will not find Modelyard by itself")
        return
    text = (
        f"{RENVIRON_MARK}\n"
        f"R_LIBS_USER='{RLIB}:${{R_LIBS_USER}}'\n"
        f"MODELYARD_BIN='{VENV / 'bin' / 'modelyard'}'\n"
    )
    if not file.is_file() or file.read_text() != text:
        file.write_text(text)


if __name__ == "__main__":
    main(set_up)
