"""A host that loads no model: how it behaves is said in its spec's compute_pool."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from modelyard import __version__
from modelyard.services.folder import Folder, HostFile, started
from modelyard.services.types import HostState


def main(folder: Folder) -> int:
    if folder.lock() is None:
        return 75
    spec = folder.read_spec()
    behaviour = spec.options.compute_pool
    pid = os.getpid()
    said = HostFile(pid, started(pid) or "", spec.generation, HostState.STARTING, url="http://h")
    if behaviour == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    folder.write_host(said)
    if behaviour == "broken":
        broken = HostFile(
            pid, said.started, spec.generation, HostState.FAILED, "no such package", final=True
        )
        folder.write_host(broken)
        return 1
    if behaviour == "crashing":
        return 3
    ready = replace(said, state=HostState.READY, code=__version__)

    def reload(*_: object) -> None:
        wish = folder.read_spec()
        if wish.options.compute_pool == "broken":
            cause = "no such package"
            told = replace(ready, state=HostState.DEGRADED, cause=cause, refused=wish.generation)
        else:
            told = replace(ready, generation=wish.generation)
        folder.write_host(told)

    if behaviour != "slow":
        signal.signal(signal.SIGHUP, reload)
        folder.write_host(ready)
    while True:
        time.sleep(600)


if __name__ == "__main__":
    sys.exit(main(Folder(Path(sys.argv[1]).parent)))
