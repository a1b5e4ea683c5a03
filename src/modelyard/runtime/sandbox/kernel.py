"""The kernel's calls that Python does not offer, by their numbers."""

from __future__ import annotations

import ctypes
import os
import struct

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

PR_SET_NO_NEW_PRIVS = 38
PR_GET_NO_NEW_PRIVS = 39
PR_CAPBSET_DROP = 24
_CAPABILITIES_VERSION_3 = 0x20080522


def syscall(number: int, *arguments: int | ctypes.c_void_p) -> int:
    """Make a system call.

    Raises:
        OSError: the kernel refused it.
    """
    given = (a if isinstance(a, ctypes.c_void_p) else ctypes.c_long(a) for a in arguments)
    done = int(_libc.syscall(ctypes.c_long(number), *given))
    if done < 0:
        raise _failure()
    return done


def prctl(option: int, value: int = 0) -> int:
    """``prctl(2)`` with one value.

    Raises:
        OSError: the kernel refused it.
    """
    longs = [ctypes.c_ulong(v) for v in (value, 0, 0, 0)]
    done = int(_libc.prctl(ctypes.c_int(option), *longs))
    if done < 0:
        raise _failure()
    return done


def packed(format_: str, *values: int) -> ctypes.Array[ctypes.c_char]:
    """These values in memory, as ``struct`` lays them out."""
    data = struct.pack(format_, *values)
    return ctypes.create_string_buffer(data, len(data))


def drop_capabilities() -> None:
    """Give up every capability, and with them the power to get one back.

    Raises:
        OSError: the kernel refused it.
    """
    if _libc.capset(packed("=Ii", _CAPABILITIES_VERSION_3, 0), packed("=6I", *[0] * 6)) < 0:
        raise _failure()


def has_capabilities() -> bool:
    """Whether this thread holds any capability, in force or not."""
    held = packed("=6I", *[0] * 6)
    if _libc.capget(packed("=Ii", _CAPABILITIES_VERSION_3, 0), held) < 0:
        raise _failure()
    return any(held.raw)


def address_of(what: ctypes.Structure | ctypes.Array[ctypes.c_char]) -> ctypes.c_void_p:
    """Where it lies in memory, to be given to :func:`syscall`."""
    return ctypes.cast(ctypes.pointer(what), ctypes.c_void_p)


def _failure() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
