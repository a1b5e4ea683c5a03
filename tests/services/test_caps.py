"""How many connections there may be, and the files for them."""

from __future__ import annotations

import socket
import subprocess
import sys

from modelyard.services.protocols.accept import Caps, Counted


def test_connections_are_counted_in_all_and_by_address() -> None:
    caps = Caps(3, 2)
    assert [caps.enter(a) for a in ("a", "a", "a", "b", "c")] == [True, True, False, True, False]
    caps.leave("a")
    assert [caps.enter(a) for a in ("c", "a")] == [True, False]
    for address in ("a", "b", "c"):
        caps.leave(address)
    assert [caps.enter("a"), caps.enter("a"), caps.enter("b")] == [True, True, True]


def test_a_connection_gives_its_place_back_once() -> None:
    left: list[int] = []
    ours, theirs = socket.socketpair()
    with theirs, Counted(ours, lambda: left.append(1)) as counted:
        assert ours.fileno() == -1 and left == []
        socket.close(counted.detach())
        assert left == [1]
        counted.close()
    assert left == [1]


def test_a_process_may_open_files_for_all_its_connections() -> None:
    code = """
import resource, uvicorn
from modelyard.services.protocols.accept import CappedServer
from modelyard.settings import Settings
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
CappedServer(uvicorn.Config(None), Settings(max_connections=100))
print(resource.getrlimit(resource.RLIMIT_NOFILE) == (1124, hard) or 0 <= hard < 1124)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
