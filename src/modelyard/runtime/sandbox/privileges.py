"""What a process gives up for good: privileges it may have, and room it may take."""

from __future__ import annotations

import contextlib
import os
import resource
import signal

from modelyard.runtime.sandbox.kernel import (
    PR_CAPBSET_DROP,
    PR_SET_NO_NEW_PRIVS,
    drop_capabilities,
    has_capabilities,
    prctl,
)
from modelyard.runtime.sandbox.plan import Plan

OPEN_FILES = 256
"""Packages open a file at a time; what a model keeps open and deleted stays on the disk."""
THREADS = 512
"""Of a user id that is one worker's alone; a shared one's limit would count others' threads."""


def give_up_privileges() -> None:
    """Hold no capability, and win none by running a program.

    Raises:
        OSError: the kernel does not take it.
    """
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if not has_capabilities():
        return
    for capability in range(64):
        with contextlib.suppress(OSError):  # one this kernel does not have
            prctl(PR_CAPBSET_DROP, capability)
    drop_capabilities()


def bounds(plan: Plan) -> dict[int, int]:
    """The limits of a worker, by their number in ``resource``."""
    found = {
        resource.RLIMIT_AS: plan.memory_bytes,
        resource.RLIMIT_FSIZE: plan.file_bytes,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    return found if plan.uid is None else found | {resource.RLIMIT_NPROC: THREADS}


def limit(plan: Plan) -> None:
    """Bound memory, files, threads and processors; nothing in this process can raise them again.

    A write beyond the size of a file ends the process: R itself would go on without a word, with
    a file that is cut off.

    Raises:
        OSError, ValueError: the kernel does not take a limit.
    """
    for what, most in bounds(plan).items():
        resource.setrlimit(what, (most, most))
    if plan.cpus:
        os.sched_setaffinity(0, plan.cpus)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as f:  # noqa: PTH123
        f.write("500")  # when memory runs out on the machine, workers go first
