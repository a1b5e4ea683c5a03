"""Shut a worker in, before it has read a byte of a model's.

Each layer is put on, then tried: what a worker reports is what it found to be refused.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from modelyard.runtime.sandbox import landlock, privileges, seccomp
from modelyard.runtime.sandbox.kernel import (
    PR_GET_NO_NEW_PRIVS,
    has_capabilities,
    prctl,
    syscall,
)
from modelyard.runtime.sandbox.plan import LAYERS, Isolation, Level, Plan, level_of
from modelyard.runtime.sandbox.syscalls import this_machine

__all__ = ["LAYERS", "Isolation", "Level", "Plan", "enter"]

_SYSTEM = (
    "/usr/lib", "/usr/lib64", "/usr/share", "/usr/local/lib", "/lib", "/lib64",
    "/etc/ld.so.cache", "/etc/localtime", "/sys/devices/system/cpu",
)  # fmt: skip
"""Libraries, time zones, and how many processors there are. Nothing of ``/etc`` else, no program,
nothing of ``/proc``."""

_OF_R = ("R_HOME", "R_SHARE_DIR", "R_INCLUDE_DIR", "R_DOC_DIR", "R_LIBS", "LD_LIBRARY_PATH")


def enter(plan: Plan, keep_open: frozenset[int]) -> Isolation:
    """Put on every layer of ``plan``, for good, and say what holds.

    R has started and what a worker imports is imported; no thread but this one may run, since a
    thread begun earlier would stay outside. Every descriptor but ``keep_open`` is closed.
    """
    started = time.perf_counter()
    missing = [] if _is_alone() else ["a thread had started before the sandbox"]
    _close_all_but(keep_open)
    put_on: dict[str, Callable[[Plan], None]] = {
        "privileges": lambda _: privileges.give_up_privileges(),
        "limits": privileges.limit,
        "files": _restrict_files,
        "calls": _restrict_calls,
    }
    for layer in LAYERS:
        if layer not in plan.layers:
            missing.append(f"{layer}: not put on")
            continue
        try:
            put_on[layer](plan)
        except (OSError, ValueError, _Unavailable) as e:
            missing.append(f"{layer}: {e}")
    found = {layer: _TRIED[layer](plan) for layer in LAYERS}
    for layer, doubt in found.items():
        if doubt is not None and not any(m.startswith(f"{layer}:") for m in missing):
            missing.append(f"{layer}: {doubt}")
    in_force = {layer for layer in LAYERS if found[layer] is None}
    if any(m.startswith("a thread") for m in missing):
        in_force -= {"files", "privileges"}
    return Isolation(level_of(in_force), tuple(missing), plan.notes, time.perf_counter() - started)


class _Unavailable(Exception):
    """This system has no such layer."""


def _is_alone() -> bool:
    with contextlib.suppress(OSError):
        return len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208
    return True  # a system without /proc has none of the layers that bind a thread


def _close_all_but(keep: frozenset[int]) -> None:
    last = 2
    for fd in sorted(keep | {1 << 20}):
        os.closerange(last + 1, fd)
        last = max(last, fd)


def _restrict_files(plan: Plan) -> None:
    version = landlock.abi() if sys.platform == "linux" else 0
    if version == 0:
        raise _Unavailable("this kernel offers no Landlock (Linux 5.13 or later, if switched on)")
    granted = [(path, landlock.READ) for path in readable()]
    granted += [("/dev/null", landlock.DEVICE), ("/dev/zero", landlock.READ)]
    granted += [("/dev/urandom", landlock.READ), (plan.folder, landlock.WRITE)]
    landlock.restrict(version, granted)


def readable() -> list[str]:
    """The files and folders a worker may read: libraries of the system, of R and of Python.

    Python's are the folders it imports from; the folder a process was started in is never one.
    """
    of_r = [p for name in _OF_R for p in os.environ.get(name, "").split(":") if p]
    if home := os.environ.get("R_HOME"):
        of_r.append(f"{home}/etc")  # a link to elsewhere in Debian
    of_python = [p for p in sys.path if p not in ("", "/")]
    package = Path(__file__).parents[2]
    of_python = [str(package) if Path(p) == package.parent else p for p in of_python]
    found: list[str] = []
    for path in (*_SYSTEM, *of_r, *of_python, str(package)):
        real = os.path.realpath(path)
        if real != "/" and not any(real == f or real.startswith(f + "/") for f in found):
            found.append(real)
    return found


def _restrict_calls(plan: Plan) -> None:
    machine = this_machine() if sys.platform == "linux" else None
    if machine is None:
        raise _Unavailable("there is no list of system calls for this machine")
    seccomp.restrict(machine)


def _try_privileges(plan: Plan) -> str | None:
    if sys.platform != "linux":
        return "this system has no no_new_privs"
    if prctl(PR_GET_NO_NEW_PRIVS) != 1:
        return "a program could win privileges"
    if has_capabilities():
        return "capabilities are left"
    return None if plan.uid in (None, os.getuid()) else "it has another user id than it was given"


def _try_limits(plan: Plan) -> str | None:
    for what, most in privileges.bounds(plan).items():
        if resource.getrlimit(what) != (most, most):
            return f"limit {what} is not in force"
    if plan.cpus and os.sched_getaffinity(0) != set(plan.cpus):
        return "it runs on other processors than it was given"
    return None


def _try_files(plan: Plan) -> str | None:
    for path in ("/", "/etc", "/proc/self/environ", str(Path(plan.folder).parent), *plan.hidden):
        if _opens(path, os.O_RDONLY):
            return f"{path} can be read"
    beside = f"{plan.folder}.beside"
    if _opens(beside, os.O_WRONLY | os.O_CREAT):
        os.unlink(beside)  # noqa: PTH108
        return "files can be written outside its own folder"
    own = f"{plan.folder}/.own"
    if not _opens(own, os.O_WRONLY | os.O_CREAT):
        return "its own folder cannot be written to"
    os.unlink(own)  # noqa: PTH108
    return None


def _opens(path: str, flags: int) -> bool:
    try:
        os.close(os.open(path, flags | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def _try_calls(plan: Plan) -> str | None:
    with contextlib.suppress(PermissionError):
        socket.socket().close()
        return "sockets can be opened"
    with contextlib.suppress(PermissionError):
        os.kill(os.getppid(), 0)
        return "other processes can be signalled"
    machine = this_machine()
    with contextlib.suppress(PermissionError):
        if machine is not None:
            syscall(machine.unshare, 0)
        return "namespaces can be made"
    return None


_TRIED: dict[str, Callable[[Plan], str | None]] = {
    "privileges": _try_privileges,
    "limits": _try_limits,
    "files": _try_files,
    "calls": _try_calls,
}
