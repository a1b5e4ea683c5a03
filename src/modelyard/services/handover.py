"""From one host process to the next: the listening socket and the lock go over, no request fails.

The old one starts the new one as its child, with both descriptors and the end of a pipe. The new
one loads and replays as at any start, and says through the pipe that it is ready; only then does
the old one stop taking connections, and ends when those it has are gone. A new one that dies before
is forgotten, and the old one goes on.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass

from modelyard.services.folder import Folder
from modelyard.services.process import COMMAND

VARIABLE = "MODELYARD_HANDOVER"


@dataclass(frozen=True, slots=True)
class Given:
    """What a host got from the one before: its socket, its lock, and where to say ready."""

    sock: socket.socket
    lock: int
    ready: int

    def say_ready(self) -> None:
        """From now on the one before takes no connections."""
        with suppress(BrokenPipeError):
            os.write(self.ready, b"1")
        os.close(self.ready)


def given() -> Given | None:
    """What this process was handed, if it was; its children are not told."""
    told = os.environ.pop(VARIABLE, None)
    if told is None:
        return None
    sock, lock, ready = (int(part) for part in told.split(":"))
    for fd in (sock, lock, ready):
        os.set_inheritable(fd, False)
    return Given(socket.socket(fileno=sock), lock, ready)


async def hand_over(folder: Folder, sock: socket.socket, lock: int) -> bool:
    """Start the next host; whether it became ready."""
    says, ready = os.pipe()
    fds = (sock.fileno(), lock, ready)
    try:
        child = subprocess.Popen(
            [*COMMAND, str(folder.spec_file)],
            stdin=subprocess.DEVNULL,
            pass_fds=fds,
            env=os.environ | {VARIABLE: ":".join(str(fd) for fd in fds)},
            start_new_session=True,
        )
    except BaseException:
        os.close(says)
        raise
    finally:
        os.close(ready)
    try:
        told = await asyncio.get_running_loop().run_in_executor(None, os.read, says, 1)
    finally:
        os.close(says)
    if not told:
        child.wait()
    return told == b"1"
