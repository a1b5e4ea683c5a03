"""What a worker process may use, set on itself before it runs anything of a model's.

Memory and core dumps are bounded here; which files, calls and networks it may reach is not yet
restricted, so logging a model is the right to run code as the account's owner.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import threading


def limit(memory_bytes: int) -> None:
    """Bound this process's address space, and leave no core files behind."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as f:  # noqa: PTH123
        f.write("500")  # when memory runs out on the machine, workers go first


def die_with(lifeline: int) -> None:
    """End this process, whatever it is doing, when the other end of this pipe closes.

    A thread waits for it, since a death signal follows the thread that started us, not the
    process; R's long calls let other threads run.
    """

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(lifeline, 1):
                pass
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
