"""Worker processes on this machine, each with a clean environment and a lifeline to us."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from modelyard.errors import Unavailable
from modelyard.runtime.messages import Channel

_PROBE = (
    "cat(R.home(), R.home('share'), R.home('include'), R.home('doc'), "
    "paste(.libPaths(), collapse = ':'), Sys.getenv('LD_LIBRARY_PATH'), "
    "paste(R.version$major, R.version$minor, sep = '.'), sep = '\\n')"
)


@dataclass(frozen=True, slots=True)
class RInstallation:
    """Where R is and what it needs in the environment, asked of it once."""

    home: str
    share: str
    include: str
    doc: str
    libs: str
    ld_library_path: str
    version: str


@cache
def find_r(r_home: str = "") -> RInstallation:
    """The R in ``r_home``, or the one on the PATH.

    Raises:
        Unavailable: there is none, or it does not start.
    """
    program = str(Path(r_home) / "bin" / "R") if r_home else "R"
    command = [program, "--no-save", "--no-restore", "--slave", "-e", _PROBE]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except FileNotFoundError as e:
        raise Unavailable(
            f"There is no R at {program!r}.",
            hint="Install R (apt-get install r-base-core), or set r_home in settings.toml.",
        ) from e
    except subprocess.SubprocessError as e:
        raise Unavailable(f"R at {program!r} does not start.", hint=str(e)[:500]) from e
    return RInstallation(*told.stdout.split("\n")[:7])


@dataclass(slots=True)
class LocalProcess:
    """A worker process of this machine."""

    channel: Channel
    popen: subprocess.Popen[bytes]
    lifeline: int

    def kill(self) -> str:
        """End it with SIGKILL, the only signal R cannot put off, and say how it ended."""
        if self.popen.poll() is None:
            self.popen.kill()
        code = self.popen.wait()
        if self.lifeline >= 0:
            os.close(self.lifeline)
            self.lifeline = -1
            self.channel.close()
        return _ending(code)

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.popen.poll() is None


def _ending(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return "quit() was called" if code == 3 else f"exited with status {code}"


@dataclass(frozen=True, slots=True)
class LocalCompute:
    """Processes on this machine, with the R found here."""

    r_home: str = ""
    r_libs: str = ""

    def spawn_worker(self, memory_bytes: int) -> LocalProcess:
        """Start ``runtime/worker.py`` with a socket and the read end of a pipe we keep open."""
        environment = worker_environment(find_r(self.r_home), self.r_libs)
        ours, theirs = socket.socketpair()
        lifeline, kept = os.pipe()
        try:
            popen = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "modelyard.runtime.worker",
                    str(theirs.fileno()),
                    str(lifeline),
                    str(memory_bytes),
                ],
                pass_fds=(theirs.fileno(), lifeline),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
            )
        except OSError as e:
            os.close(kept)
            ours.close()
            raise Unavailable(f"A worker process cannot be started: {e.strerror}.") from e
        finally:
            theirs.close()
            os.close(lifeline)
        return LocalProcess(Channel(ours), popen, kept)


def worker_environment(r: RInstallation, r_libs: str = "") -> dict[str, str]:
    """The whole environment of a worker: nothing of ours leaks in, and everything that can
    change a number (locale, time zone, threads) is pinned.
    """
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "R_HOME": r.home,
        "R_SHARE_DIR": r.share,
        "R_INCLUDE_DIR": r.include,
        "R_DOC_DIR": r.doc,
        "R_LIBS": ":".join(p for p in (r_libs, r.libs) if p),
        "R_DEFAULT_PACKAGES": "stats,utils",
        "LD_LIBRARY_PATH": r.ld_library_path,
        "RPY2_CFFI_MODE": "API",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        # Large blocks stay in the heap instead of being mapped anew for every call.
        "MALLOC_MMAP_THRESHOLD_": "4294967296",
        "MALLOC_TRIM_THRESHOLD_": "8589934592",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
