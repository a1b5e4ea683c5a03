"""Everything that can be checked without running the product, two checks at a time.

python3 scripts/check.py [name ...]
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from steps import ROOT, VENV, main, say

BIN = VENV / "bin"
PATHS = [p for p in ("src", "tests", "bench", "scripts", "examples") if (ROOT / p).is_dir()]
AT_A_TIME = 2
R_PACKAGES = ("modelyard", "snowflakeR")
# A NOTE that depends on the machine's clock or on its network says nothing about the package.
R_CHECK_ENV = {
    "_R_CHECK_FORCE_SUGGESTS_": "false",
    "_R_CHECK_SYSTEM_CLOCK_": "false",
    "NOT_CRAN": "false",
    "TZ": "UTC",  # not asked of systemd, which not every machine runs
}


def checks():
    """Name and action of each check, the longest first: nothing is left to wait for alone."""
    for name in R_PACKAGES:
        yield f"R CMD check {name}", lambda name=name: _r_cmd_check(name)
    for folder in ("r/modelyard", "r/snowflakeR", "examples"):
        yield f"lintr {folder}", lambda folder=folder: _lintr(folder)
    yield "mypy", lambda: _command([BIN / "mypy", "--strict", "src"])
    yield (
        "docs and taste",
        lambda: _command([BIN / "pytest", "tests/test_taste.py", "tests/test_docs.py"]),
    )
    yield "ruff lint", lambda: _command([BIN / "ruff", "check", *PATHS])
    yield "ruff format", lambda: _command([BIN / "ruff", "format", "--check", *PATHS])
    yield "imports", lambda: _command([BIN / "lint-imports"])


def _command(command, env=None, cwd=ROOT):
    done = subprocess.run(
        [str(part) for part in command],
        cwd=str(cwd),
        env=dict(os.environ, **(env or {})),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode == 0, done.stdout


def _lintr(folder):
    code = (
        f'found <- lintr::lint_dir("{folder}"); print(found); '
        "quit(status = as.integer(length(found) > 0))"
    )
    return _command(["Rscript", "-e", code])


def _r_cmd_check(name):
    """Build and check in a folder that goes away; NOTEs are shown, the rest fails."""
    with tempfile.TemporaryDirectory() as folder:
        built, text = _command(["R", "CMD", "build", ROOT / "r" / name], cwd=folder)
        if not built:
            return False, text
        tarball = next(Path(folder).glob("*.tar.gz"))
        command = ["R", "CMD", "check", "--no-manual", tarball.name]
        ran, text = _command(command, env=R_CHECK_ENV, cwd=folder)
        logs = Path(folder).rglob("*.Rout.fail")
        fails = "".join(f"\n{log.name}:\n{log.read_text()[-4000:]}" for log in logs)
    for note in re.findall(r"^\* checking .*\.\.\. NOTE\n(?:(?!\* ).*\n)*", text, re.MULTILINE):
        say(f"    {name}: {note.rstrip()}")
    clean = ran and not re.search(r"^Status: .*(ERROR|WARNING)", text, re.MULTILINE)
    return clean, text + fails


def check():
    """Run those that were named, or all, and tell of each when it is done."""
    named = sys.argv[1:]
    wanted = [c for c in checks() if not named or any(word in c[0] for word in named)]
    failed = []
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for done in as_completed([pool.submit(_timed, *one) for one in wanted]):
            name, good, text, seconds = done.result()
            say(f"  {'ok    ' if good else 'FAILED'}  {name}  ({seconds:.0f} s)")
            if not good:
                failed.append(name)
                say("\n".join("    | " + line for line in text.splitlines()[-80:]))
    if failed:
        say(f"\ncheck: {len(failed)} failed: {', '.join(failed)}")
    return 1 if failed else 0


def _timed(name, action):
    started = time.monotonic()
    good, text = action()
    return name, good, text, time.monotonic() - started


if __name__ == "__main__":
    main(check)
