"""What the operating system has to give: R, R packages, a compiler and headers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from steps import CannotGoOn, output, run

R_PACKAGES = ["httr2", "jsonlite", "cli", "rlang", "yaml", "forecast"]
R_PACKAGES_DEV = ["testthat", "withr", "roxygen2", "lintr", "bit64", "shiny"]

# What the models of tests/zoo are made with, beside R's own recommended packages.
R_PACKAGES_ZOO = [
    "caret", "e1071", "earth", "gam", "gbm", "glmmTMB", "glmnet", "hardhat", "ipred", "kernlab",
    "lme4", "mclust", "mda", "modeldata", "ordinal", "partykit", "pls", "prophet",
    "quantreg", "randomForest", "ranger", "recipes",
]  # fmt: skip

# The browser that opens examples/shiny, and what drives it: commands with their packages.
BROWSER = {"chromium": "chromium", "chromedriver": "chromium-driver"}

# rpy2 is compiled against R: without one of these headers it would not be, or only slowly so.
COMPILER = [
    "make", "gcc", "libc6-dev", "python3-dev",
    "libpcre2-dev", "liblzma-dev", "libbz2-dev", "libicu-dev", "libblas-dev",
]  # fmt: skip

ELSEWHERE = {
    "dnf": "sudo dnf install R-core-devel python3-devel gcc make "
    "pcre2-devel xz-devel bzip2-devel libicu-devel blas-devel",
    "pacman": "sudo pacman -S r python gcc make pcre2 xz bzip2 icu blas",
    "zypper": "sudo zypper install R-base-devel python3-devel gcc make "
    "pcre2-devel xz-devel libbz2-devel libicu-devel blas-devel",
    "brew": "brew install r python@3.12 pcre2 xz bzip2 icu4c openblas",
}


def ensure(dev):
    """Install what is missing where apt can; elsewhere say what is missing and stop."""
    packages = R_PACKAGES + ([*R_PACKAGES_DEV, *R_PACKAGES_ZOO] if dev else [])
    if shutil.which("apt-get") and shutil.which("dpkg-query"):
        _ensure_debian(packages, [p for p in BROWSER.values() if dev])
    else:
        _ensure_by_hand(packages, [c for c in BROWSER if dev])


def _ensure_debian(packages, browser):
    wanted = [*COMPILER, "python3-venv", *browser, *([] if shutil.which("curl") else ["curl"])]
    own_r = shutil.which("R") is not None and _not_installed(["r-base-core"])
    if not own_r:
        wanted += ["r-base-core", "r-recommended", *("r-cran-" + p.lower() for p in packages)]
    missing = _not_installed(wanted)
    if missing:
        _apt(missing)
    if own_r:
        _check_r_packages(packages)


def _not_installed(names):
    listed = output(["dpkg-query", "-W", "-f", r"${Package} ${db:Status-Abbrev}\n", *names])
    if listed is None:  # dpkg-query fails when one of them is unknown, and still lists the others
        listed = "".join(
            output(["dpkg-query", "-W", "-f", r"${Package} ${db:Status-Abbrev}\n", n]) or ""
            for n in names
        )
    there = {line.split()[0] for line in listed.splitlines() if line.split()[1:] == ["ii"]}
    return [n for n in names if n not in there]


def _apt(missing):
    by_hand = f"apt-get install --no-install-recommends {' '.join(missing)}"
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    if as_root and not _may_sudo():
        raise CannotGoOn(f"some packages are missing; run as root: {by_hand}")
    quiet = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    run("apt: reading the lists of packages", [*quiet, "update"])
    run(
        f"apt: installing {len(missing)} packages ({', '.join(missing[:4])} ...)",
        [*quiet, "install", "-y", "--no-install-recommends", *missing],
        hint=f"apt could not install what is missing; run as root: {by_hand}",
    )


def _may_sudo():
    """Whether sudo works; on a terminal it may ask for the password, once."""
    if shutil.which("sudo") is None:
        return False
    asking = ["sudo", "-v"] if sys.stdin.isatty() else ["sudo", "-n", "true"]
    return subprocess.run(asking, check=False).returncode == 0


def _ensure_by_hand(packages, browser):
    missing = [tool for tool in ("R", "make", *browser) if shutil.which(tool) is None]
    if not any(shutil.which(compiler) for compiler in ("cc", "gcc", "clang")):
        missing.append("a C compiler")
    if missing:
        line = next((text for tool, text in ELSEWHERE.items() if shutil.which(tool)), None)
        raise CannotGoOn(
            f"missing: {', '.join(missing)}. Install "
            + (f"with: {line}" if line else "R 4.1 or later, Python 3.11 or later, make, a C "
               "compiler, and the headers of Python, PCRE2, liblzma, bzip2, ICU and BLAS")
            + f"; then in R: {_install_line(packages)}"
        )  # fmt: skip
    _check_r_packages(packages)


def _check_r_packages(packages):
    """R that did not come from apt: its packages are asked for, and never installed unasked."""
    names = ", ".join(f'"{p}"' for p in packages)
    ask = f"for (p in c({names})) if (!nzchar(system.file(package = p))) cat(p, '')"
    missing = (output(["Rscript", "-e", ask]) or "").split()
    if missing:
        raise CannotGoOn(f"this R lacks packages; run in R: {_install_line(missing)}")


def _install_line(packages):
    return "install.packages(c(" + ", ".join(f'"{p}"' for p in packages) + "))"


def r_version():
    """The version of the R on the PATH as numbers, such as (4, 2, 2)."""
    found = re.search(r"R version (\d+)\.(\d+)\.(\d+)", output(["R", "--version"]) or "")
    if found is None:
        raise CannotGoOn("R is not on the PATH.")
    version = tuple(int(part) for part in found.groups())
    if version < (4, 1, 0):
        raise CannotGoOn(f"R {found.group(0)[10:]} is too old; Modelyard needs R 4.1 or later.")
    return version


def python():
    """The Python the virtual environment is made from: the system's own, when it is new enough.

    The system's, because the headers apt installs are that one's.
    """
    for name in ("/usr/bin/python3", "python3", "python3.13", "python3.12", "python3.11"):
        path = shutil.which(name)
        asked = "import sys; sys.exit(sys.version_info < (3, 11))"
        if path and output([path, "-c", asked]) is not None:
            return Path(path)
    raise CannotGoOn("Python 3.11 or later is needed, and none was found on the PATH.")
