"""A seccomp filter that allows what is listed and refuses all else (``seccomp(2)``).

The program is a chain of comparisons; the kernel compiles it, and keeps what is allowed whatever
its arguments in a bitmap, so the length of the chain costs nothing per call.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterable

from modelyard.runtime.sandbox.kernel import address_of, syscall
from modelyard.runtime.sandbox.syscalls import LAST_KNOWN, Machine

_KILL = 0x80000000
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EPERM
_UNKNOWN = 0x00050000 | errno.ENOSYS

_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16

_SET_MODE_FILTER, _EVERY_THREAD = 1, 1

_CLONE_THREAD = 0x00010000
_CLONE_NAMESPACES = 0x7E020000 | 0x80  # NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_TERMINAL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: ask, or set a flag of one's own."""
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030)
"""Duplicate, flags, locks. Not F_SETOWN: it would make the kernel send signals for a model."""
_PRCTL = (15, 16, 21, 39, 0x53564D41)
"""Names of threads and of memory, and what of the sandbox is in force."""

Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def program(machine: Machine, pid: int) -> list[Instruction]:
    """The filter for the process ``pid``: signals go to no other.

    Each instruction is (code, jump if true, jump if false, operand).
    """
    calls = machine.by_argument
    out: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, machine.audit_arch),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    for number in machine.allowed:
        out += _when(number, [(_RETURN, 0, 0, _ALLOW)])
    for name, argument, values in (
        ("kill", 0, (pid,)),
        ("tgkill", 0, (pid,)),
        ("ioctl", 1, _TERMINAL),
        ("fcntl", 1, _FCNTL),
        ("prctl", 0, _PRCTL),
    ):
        out += _when(calls[name], [_low(argument), *_one_of(values)])
    # A thread is no process: clone() only with CLONE_THREAD, and into no namespace.
    refused = (_RETURN, 0, 0, _REFUSE)
    thread = [_low(0), (_ANY_BIT, 1, 0, _CLONE_THREAD), refused]
    thread += [(_ANY_BIT, 0, 1, _CLONE_NAMESPACES), refused, (_RETURN, 0, 0, _ALLOW)]
    out += _when(calls["clone"], thread)
    # Limits may be asked for, one's own, and never set.
    asks = [_low(2), (_EQUAL, 1, 0, 0), refused, _high(2), (_EQUAL, 1, 0, 0), refused]
    out += _when(calls["prlimit64"], [*asks, _low(0), *_one_of((0, pid))])
    # clone3() hides its flags from a filter: as if it did not exist, so that clone() is used.
    out += _when(435, [(_RETURN, 0, 0, _UNKNOWN)])
    out += [(_GREATER, 0, 1, LAST_KNOWN), (_RETURN, 0, 0, _UNKNOWN), refused]
    return out


def _when(number: int, then: list[Instruction]) -> list[Instruction]:
    """Do ``then``, which ends by a return, for this call."""
    return [(_EQUAL, 0, len(then), number), *then]


def _one_of(values: Iterable[int]) -> list[Instruction]:
    out: list[Instruction] = []
    for value in values:
        out += [(_EQUAL, 0, 1, value), (_RETURN, 0, 0, _ALLOW)]
    return [*out, (_RETURN, 0, 0, _REFUSE)]


def _low(argument: int) -> Instruction:
    """Load the low half of an argument: all the kernel looks at where it takes an int."""
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * argument)


def _high(argument: int) -> Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * argument + 4)


def restrict(machine: Machine) -> None:
    """Put the filter on every thread of this process, for good; needs no_new_privs.

    Raises:
        OSError: the kernel does not take it.
    """
    instructions = program(machine, os.getpid())
    code = b"".join(struct.pack("<HBBI", *i) for i in instructions)
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_ = _Program(len(instructions), ctypes.addressof(buffer))
    syscall(machine.seccomp, _SET_MODE_FILTER, _EVERY_THREAD, address_of(filter_))
