"""Tiny source packages with dependencies, a CRAN-like repository of them, and libraries."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FIT = 'structure(list(slope = 2), class = "tinyfit")'
"""A model whose predict() is tinyroot's, which asks tinydep what to add: x * 2 + 1 by tinydep 1.0,
+ 100 by tinydep 1.1."""

SOURCES: Mapping[str, tuple[str, str]] = {
    # name_version: further DESCRIPTION fields, R code
    "tinydep_1.0": ("", "offset_by <- function() 1"),
    "tinydep_1.1": ("", "offset_by <- function() 100"),
    "tinydep_0.5": ("", "offset_by <- function() 0.5"),
    "tinyroot_1.0": (
        "Imports: tinydep (>= 1.0), tinyleaf, stats",
        "predict.tinyfit <- function(object, newdata, ...) {\n"
        "  newdata$x * object$slope + tinydep::offset_by() + tinyleaf::nothing()\n}\n",
    ),
    "tinyleaf_1.0": ("", "nothing <- function() 0"),
    "tinybroken_1.0": ("", 'stop("no such thing as a tiny thing")'),
    "tinyslow_1.0": ("", "Sys.sleep(60)\nnothing <- function() 0"),
    "tinynew_1.0": ("Depends: R (>= 99.0)", "nothing <- function() 0"),
}

ROOT_NAMESPACE = "S3method(predict, tinyfit)\nimportFrom(tinydep, offset_by)\nimport(tinyleaf)\n"


def write_source(folder: Path, full: str) -> Path:
    """The sources of a package in ``folder``."""
    name, _, version = full.partition("_")
    fields, code = SOURCES[full]
    root = folder / full / name
    (root / "R").mkdir(parents=True)
    (root / "DESCRIPTION").write_text(
        f"Package: {name}\nVersion: {version}\nTitle: A Tiny Package\nDescription: For tests.\n"
        f"License: GPL-3\nAuthor: A\nMaintainer: A <a@example.org>\n"
        + (f"{fields}\n" if fields else "")
    )
    (root / "NAMESPACE").write_text(
        ROOT_NAMESPACE if name == "tinyroot" else 'exportPattern("^[a-z]")\n'
    )
    (root / "R" / "code.R").write_text(code + "\n")
    return root


@dataclass(frozen=True)
class Repository:
    """A CRAN-like repository: the newest of each in ``src/contrib``, older ones in its Archive."""

    root: Path
    sources: Path

    @property
    def url(self) -> str:
        return self.root.as_uri()

    def tarball(self, full: str) -> Path:
        name, _, _ = full.partition("_")
        current = self.root / "src/contrib" / f"{full}.tar.gz"
        return current if current.exists() else current.parent / "Archive" / name / current.name


def build_repository(root: Path) -> Repository:
    contrib, sources = root / "repo/src/contrib", root / "sources"
    contrib.mkdir(parents=True)
    for full in SOURCES:
        built = subprocess.run(
            ["R", "CMD", "build", "--no-build-vignettes", "--no-manual", write_source(sources, full)],
            cwd=contrib, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert built.returncode == 0, built.stderr
    for old in ("tinydep_1.0", "tinydep_0.5"):
        (contrib / "Archive/tinydep").mkdir(parents=True, exist_ok=True)
        shutil.move(contrib / f"{old}.tar.gz", contrib / "Archive/tinydep")
    index(contrib)
    return Repository(root / "repo", sources)


def index(contrib: Path) -> None:
    """PACKAGES, as every repository has it."""
    code = "tools::write_PACKAGES('.', type = 'source', addFiles = FALSE)"
    subprocess.run(["Rscript", "--vanilla", "-e", code], cwd=contrib, check=True)


def install(repository: Repository, library: Path, *fulls: str) -> Path:
    """Install from the sources, in this order, into a library."""
    library.mkdir(parents=True, exist_ok=True)
    for full in fulls:
        done = subprocess.run(
            ["R", "CMD", "INSTALL", "--no-test-load", f"--library={library}",
             repository.sources / full / full.partition("_")[0]],
            env=os.environ | {"R_LIBS": str(library)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return library
