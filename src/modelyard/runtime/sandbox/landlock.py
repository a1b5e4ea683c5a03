"""Landlock: which files, ports, signals and sockets a process may reach (``landlock(7)``).

Rights that a kernel does not know are left out of what is handled; what is handled and not
granted is refused. It binds the thread that calls it and those started later.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterable

from modelyard.runtime.sandbox.kernel import address_of, packed, syscall

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1

_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_FILE = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_MOVE = 1 << 13
_RIGHTS_OF_ABI = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights on files each version of the interface knows."""
_OF_FILES = (1 << 0) | _READ_FILE | _WRITE_FILE | _TRUNCATE | (1 << 15)

READ = _READ_FILE | _READ_DIR
WRITE = READ | _WRITE_FILE | _TRUNCATE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_FILE | _MOVE
"""All in a folder of one's own but programs, links, sockets, devices and pipes."""
DEVICE = _READ_FILE | _WRITE_FILE

_NET_BIND_AND_CONNECT = 3
_SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 3
_NET_SINCE, _SCOPE_SINCE = 4, 6


def abi() -> int:
    """The version of Landlock's interface; 0 where the kernel has none or it is switched off."""
    try:
        return syscall(_CREATE, 0, 0, _VERSION)
    except OSError:
        return 0


def restrict(version: int, granted: Iterable[tuple[str, int]]) -> None:
    """Let this thread reach ``granted``, paths with their rights, and nothing else, for good.

    A path that is not there is left out. Needs no_new_privs.

    Raises:
        OSError: the kernel does not take it.
    """
    rights = max(n for since, n in _RIGHTS_OF_ABI.items() if since <= version)
    handled = (1 << rights) - 1
    network = _NET_BIND_AND_CONNECT if version >= _NET_SINCE else 0
    scoped = _SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS if version >= _SCOPE_SINCE else 0
    fields = [handled] + [network] * (version >= _NET_SINCE) + [scoped] * (version >= _SCOPE_SINCE)
    attributes = packed(f"={len(fields)}Q", *fields)
    ruleset = syscall(_CREATE, address_of(attributes), ctypes.sizeof(attributes), 0)
    try:
        for path, allowed in granted:
            _grant(ruleset, path, allowed & handled)
        syscall(_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)


def _grant(ruleset: int, path: str, allowed: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError as e:
        if e.errno in (errno.ENOENT, errno.EACCES, errno.ENOTDIR):
            return
        raise
    try:
        if not os.path.isdir(f"/proc/self/fd/{place}"):  # noqa: PTH112 - of the open one
            allowed &= _OF_FILES
        rule = packed("=Qi", allowed, place)
        syscall(_ADD_RULE, ruleset, _PATH_BENEATH, address_of(rule), 0)
    finally:
        os.close(place)
