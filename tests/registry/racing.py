"""Many processes log one name at once: ``racing.py <home> <processes> <logs each>``.

Each is forked before anything is opened; what each was told goes to a file of its own.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from tests.registry.fake import log, opened


def race(home: Path, number: int, logs: int) -> None:
    with opened(home) as account, (home / f"told.{number}").open("w") as told:
        for i in range(logs):
            data = b"model %d" % (i % 3)
            version = log(account, data=data, key=f"{number}.{i}").version
            told.write(version.name + "\n")


if __name__ == "__main__":
    home, processes, logs = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    children = []
    for number in range(processes):
        if (pid := os.fork()) == 0:
            try:
                race(home, number, logs)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        children.append(pid)
    sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children))
