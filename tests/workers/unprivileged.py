"""Every way out, tried where the server itself has no privilege: run by ``test_escape.py``."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sys
from pathlib import Path

from tests.conftest import Workshop, run_r
from tests.workers.probes import NATIVE
from tests.workers.world import R_CODE, a_world, inside

from modelyard.artifacts.files import FileStore

REFUSALS = {errno.EPERM, errno.EACCES, errno.ENOSYS}


def main(folder: Path) -> None:
    """Print what got out, as JSON."""

    def make_rds(expression: str) -> Path:
        path = folder / (hashlib.sha256(expression.encode()).hexdigest()[:16] + ".rds")
        if not path.exists():
            run_r(f"saveRDS(local({{ {expression} }}, envir = globalenv()), '{path}')")
        return path

    root = folder / "store"
    root.mkdir()
    workshop = Workshop(FileStore(root), root, make_rds)
    with a_world(folder) as world, inside(world, workshop, folder / "attack.so") as shut_in:
        out = [way for way, code in R_CODE.items() if shut_in.gets_out(code)]
        out += [way for way in NATIVE if shut_in.native(way) not in REFUSALS]
        level = shut_in.other.isolation.level
    told = {"level": level, "uid": os.getuid(), "out": out, "tried": [*R_CODE, *NATIVE]}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
