"""Worker processes on this machine, each with a clean environment and a lifeline to us."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

import msgspec

from modelyard.compute.identity import (
    Lease,
    Uids,
    lease,
    make_folder,
    pythons_folders,
    remove_folder,
    shut_to_others,
    sweep,
)
from modelyard.compute.watch import Watch
from modelyard.errors import Unavailable
from modelyard.runtime.messages import Channel
from modelyard.runtime.sandbox.plan import LAYERS, Plan

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
    environment = os.environ | {"R_DEFAULT_PACKAGES": "NULL"}  # they take most of R's start
    try:
        told = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=True, env=environment
        )
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
    """A worker process of this machine, with what was lent to it."""

    channel: Channel
    popen: subprocess.Popen[bytes]
    lifeline: int
    folder: Path
    folder_lock: int
    lease: Lease | None
    watch: Watch

    def kill(self) -> str:
        """End it with SIGKILL, the only signal R cannot put off, and say how it ended."""
        if self.popen.poll() is None:
            self.popen.kill()
        code = self.popen.wait()
        if self.lifeline >= 0:
            os.close(self.lifeline)
            self.lifeline = -1
            self.channel.close()
            self.watch.join()
            remove_folder(self.folder)
            os.close(self.folder_lock)
            if self.lease is not None:
                self.lease.release()
        return _ending(code, self.watch.cause)

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.popen.poll() is None

    def settle(self) -> None:
        """The model is loaded: growth of memory counts from here."""
        self.watch.settle()

    def grown_bytes(self) -> int:
        """How much its memory has grown since then, as of a moment ago."""
        return self.watch.grown_bytes


def _ending(code: int, cause: str | None) -> str:
    if code == -signal.SIGXFSZ:
        return "it wrote a file larger than worker_disk_bytes"
    if cause is not None:
        return cause
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return "quit() was called" if code == 3 else f"exited with status {code}"


@dataclass(frozen=True, slots=True)
class LocalCompute:
    """Processes on this machine, with the R found here.

    ``answer_bytes`` bound the rows of one answer. ``hidden`` are paths that no worker may read.
    ``layers`` of the sandbox are fewer than all only to show that an attack is a real one.
    """

    r_home: str = ""
    r_libs: str = ""
    uids: str = "65000-65199"
    disk_bytes: int = 64 * 2**20
    answer_bytes: int = 2**30
    hidden: tuple[str, ...] = ()
    layers: tuple[str, ...] = LAYERS

    def spawn_worker(self, memory_bytes: int, library: str = "", cpus: int = 0) -> LocalProcess:
        """Start ``runtime/worker.py`` with a socket and the read end of a pipe we keep open."""
        r = find_r(self.r_home)
        own = _processors(cpus)
        r_libs = ":".join(p for p in (library, self.r_libs) if p)
        environment = worker_environment(r, r_libs, len(own))
        given, notes = self._identity(environment)
        uid = None if given is None else given.uid
        try:
            _sweep_once()
            folder, folder_lock = make_folder(uid)
        except OSError as e:
            if given is not None:
                given.release()
            raise Unavailable(f"A worker's folder cannot be made: {e.strerror}.") from e
        environment["TMPDIR"] = str(folder)
        plan = Plan(
            folder=str(folder),
            memory_bytes=memory_bytes,
            file_bytes=self.disk_bytes,
            hidden=self.hidden,
            uid=uid,
            cpus=own,
            layers=self.layers,
            notes=notes,
        )
        try:
            channel, popen, kept, stderr = _start(plan, environment, self.answer_bytes)
        except OSError as e:
            remove_folder(folder)
            os.close(folder_lock)
            if given is not None:
                given.release()
            raise Unavailable(f"A worker process cannot be started: {e.strerror}.") from e
        watch = Watch(popen, stderr, folder, self.disk_bytes)
        return LocalProcess(channel, popen, kept, folder, folder_lock, given, watch)

    def _identity(self, environment: dict[str, str]) -> tuple[Lease | None, tuple[str, ...]]:
        """A user id of its own where we may give one, and what there is to say about it."""
        uids = Uids.parse(self.uids)
        if os.geteuid() != 0:
            return None, ("it shares our user id: only root can give it one of its own",)
        if uids is None:
            return None, ("it shares our user id: worker_uids is empty",)
        needed = [environment["R_HOME"], *environment["R_LIBS"].split(":"), *pythons_folders()]
        if (shut := shut_to_others((*needed, tempfile.gettempdir()))) is not None:
            return None, (f"it shares our user id: {shut} is closed to others",)
        found = lease(uids)
        if isinstance(found, str):
            return None, (f"it shares our user id: {found}",)
        return found, ()


@cache
def _sweep_once() -> None:
    sweep()


def _start(
    plan: Plan, environment: dict[str, str], answer_bytes: int
) -> tuple[Channel, subprocess.Popen[bytes], int, int]:
    """The process, our end of its socket, what keeps it alive, and what it says on stderr."""
    ours, theirs = socket.socketpair()
    lifeline, kept = os.pipe()
    said, says = os.pipe()
    arguments = [str(theirs.fileno()), str(lifeline), msgspec.json.encode(plan).decode()]
    try:
        popen = subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", "modelyard.runtime.worker", *arguments],
            pass_fds=(theirs.fileno(), lifeline),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=says,
            cwd="/",
            umask=0o077,
            start_new_session=True,
            user=plan.uid,
            group=plan.uid,
            extra_groups=None if plan.uid is None else [],
        )
    except OSError:
        os.close(kept)
        os.close(said)
        ours.close()
        raise
    finally:
        theirs.close()
        os.close(lifeline)
        os.close(says)
    return Channel(ours, answer_bytes), popen, kept, said


_TURNS = count()


def _processors(cpus: int) -> tuple[int, ...]:
    """Those a worker is to run on, of ours; one worker after the other gets the next ones."""
    if cpus < 1:
        return ()
    ours = sorted(os.sched_getaffinity(0))
    first = next(_TURNS) * cpus
    return tuple(ours[(first + i) % len(ours)] for i in range(min(cpus, len(ours))))


def worker_environment(r: RInstallation, r_libs: str = "", threads: int = 0) -> dict[str, str]:
    """The whole environment of a worker: nothing of ours leaks in, and everything that can
    change a number (locale, time zone, threads of BLAS, whose sums depend on them) is pinned.
    """
    of_models = ("OMP_NUM_THREADS", "R_RANGER_NUM_THREADS", "RCPP_PARALLEL_NUM_THREADS")
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
        # What Debian's RcppParallel, and prophet with it, asks dpkg-architecture when it is loaded.
        "DEB_HOST_MULTIARCH": sysconfig.get_config_var("MULTIARCH") or "",
        "RPY2_CFFI_MODE": "API",
        "OMP_NUM_THREADS": "1",
        **({name: str(threads) for name in of_models} if threads else {}),
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        # Large blocks stay in the heap instead of being mapped anew for every call.
        "MALLOC_MMAP_THRESHOLD_": "4294967296",
        "MALLOC_TRIM_THRESHOLD_": "8589934592",
        # Room for some hundred calls before R's collector looks again (default: 350k and 64M).
        "R_NSIZE": "1M",
        "R_VSIZE": "128M",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
