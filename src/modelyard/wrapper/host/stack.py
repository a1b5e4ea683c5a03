"""R's check of the C stack, for whichever thread calls it."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def stack_checked() -> "Iterator[None]":
    """Have R end an endless recursion with an error, within the block, before the stack ends.

    R knows the stack of the thread that started it only, so rpy2 switches the check off; here it
    is told of this thread's. Where the system does not tell where that is, the check stays off.
    """
    from rpy2.rinterface_lib import openrlib

    r = openrlib.rlib
    top, size = _stack_here()
    before = r.R_CStackStart, r.R_CStackLimit
    if size:
        r.R_CStackStart, r.R_CStackLimit = top, size - size // 10
    try:
        yield
    finally:
        r.R_CStackStart, r.R_CStackLimit = before


def _stack_here() -> "tuple[int, int]":
    """Where the stack of this thread begins, growing down, and its bytes; 0, 0 if unknown."""
    libc: Any = ctypes.CDLL(None) if os.name == "posix" else None
    if not hasattr(libc, "pthread_getattr_np"):
        return 0, 0
    attributes = ctypes.create_string_buffer(256)
    lowest, size = ctypes.c_void_p(), ctypes.c_size_t()
    libc.pthread_self.restype = ctypes.c_void_p
    if libc.pthread_getattr_np(ctypes.c_void_p(libc.pthread_self()), attributes) != 0:
        return 0, 0
    libc.pthread_attr_getstack(attributes, ctypes.byref(lowest), ctypes.byref(size))
    libc.pthread_attr_destroy(attributes)
    return (lowest.value or 0) + size.value, size.value
