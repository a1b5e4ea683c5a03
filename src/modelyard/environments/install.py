"""``R CMD INSTALL`` in a process of its own: a clean environment, a deadline, its output kept."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from modelyard.compute.local import RInstallation, worker_environment
from modelyard.environments.repository import Source
from modelyard.errors import Detail, MissingPackage
from modelyard.faults import fault_point

log = logging.getLogger(__name__)

_SAID = re.compile(r"^(ERROR|Error|error)\b.*", re.MULTILINE)


def install(
    sources: Sequence[Source], library: Path, r: RInstallation, r_libs: str, *, deadline_s: float
) -> None:
    """Install sources into ``library``, one after the other; the first that fails ends it.

    The sources' own code runs, and whatever builds them, as the user of this process: the
    operator chose the repositories.

    Raises:
        MissingPackage: one cannot be installed; what R said is in its details and in the log.
    """
    end = time.monotonic() + deadline_s
    for source in sources:
        name, version = source.fields["Package"], source.fields["Version"]
        failure = _install(source, library, r, r_libs, end - time.monotonic())
        if failure is not None:
            error = MissingPackage(
                f"{name} {version} cannot be installed: {failure}.",
                hint="The server's log has all that R said.",
                details=[Detail(f"{name} {version}: {failure}")],
            )
            error.packages = (name,)
            raise error
        fault_point("provision.installed")


def _install(
    source: Source, library: Path, r: RInstallation, r_libs: str, left_s: float
) -> str | None:
    """Why it failed, or None."""
    output = library.parent / f"{library.name}.log"
    environment = worker_environment(r, ":".join(p for p in (str(library), r_libs) if p))
    environment["HOME"] = str(library.parent)
    for name in ("R_DEFAULT_PACKAGES", "R_SHARE_DIR", "R_INCLUDE_DIR", "R_DOC_DIR"):
        del environment[name]  # R's own start script sets them
    with output.open("wb") as said:
        process = subprocess.Popen(
            [f"{r.home}/bin/R", "CMD", "INSTALL", "--no-docs", f"--library={library}", source.file],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            cwd=library.parent,
            start_new_session=True,
            umask=0o022,
        )
        try:
            code = process.wait(timeout=max(left_s, 0.0))
        except subprocess.TimeoutExpired:
            return "it took longer than provision_deadline_s"
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    text = output.read_text(encoding="utf-8", errors="replace")
    output.unlink()
    name = source.fields["Package"]
    if code == 0 and (library / name / "DESCRIPTION").is_file():
        return None
    log.warning("R CMD INSTALL of %s failed with status %d: %s", name, code, text[-20_000:])
    said_by_r = [m.group(0) for m in _SAID.finditer(text)]
    shown = " / ".join(said_by_r[:3]) or f"status {code}"
    return shown.replace(str(library.parent), "").replace(str(library), "")[:500]
