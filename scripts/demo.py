"""Run examples/mtcars/story.R on an account of its own, .demo, and leave its service running.

python3 scripts/demo.py [--stop]
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from steps import RLIB, ROOT, VENV, main, say

HOME = ROOT / ".demo"


def demo():
    """Stop what an earlier run left, then tell the story from the start."""
    stopped = stop()
    if "--stop" in sys.argv[1:]:
        say("demo: stopped and removed" if stopped else "demo: nothing to stop")
        return 0
    env = dict(
        os.environ,
        MODELYARD_HOME=str(HOME),
        MODELYARD_BIN=str(VENV / "bin" / "modelyard"),
        R_LIBS_USER=str(RLIB),
    )
    # The demo is always told on its own account, whatever the shell points at.
    for name in ("MODELYARD_URL", "MODELYARD_TOKEN"):
        env.pop(name, None)
    story = ["Rscript", "examples/mtcars/story.R"]
    return subprocess.run(story, cwd=str(ROOT), env=env, check=False).returncode


def stop():
    """End the demo's server and services and remove its folder; True if there was one."""
    if not HOME.is_dir():
        return False
    _ask_to_stop()
    for pid in _processes():
        _end(pid)
    shutil.rmtree(HOME, ignore_errors=True)
    return True


def _ask_to_stop():
    try:
        server = json.loads((HOME / "server.json").read_text())
        request = urllib.request.Request(
            server["url"].rstrip("/") + "/api/v1/shutdown",
            data=b'{"services": true}',
            headers={
                "Authorization": f"Bearer {server['token']}",
                "Content-Type": "application/json",
            },
        )
        # No proxy: the server is on this machine.
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5)
    except (OSError, ValueError, KeyError, urllib.error.URLError):
        return  # not running, or past asking: what is left is ended below


def _processes():
    """Processes whose account is the demo's: told by their environment, never by their name."""
    mark = f"MODELYARD_HOME={HOME}".encode()
    ours = (b"/bin/modelyard\0", b"\0modelyard.")  # the command, and python -m modelyard.<part>
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if mark in environ and any(part in command for part in ours):
            yield int(folder.name)


def _end(pid):
    for number, patience_s in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 1.0)):
        until = time.monotonic() + patience_s
        try:
            os.kill(pid, number)
            while time.monotonic() < until:
                os.kill(pid, 0)
                time.sleep(0.05)
        except ProcessLookupError:
            return


if __name__ == "__main__":
    main(demo)
