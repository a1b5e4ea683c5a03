"""The embedded R of a worker process: started once, its functions called with R values.

Only a worker process imports this. R is reached through rpy2's C interface, without the
conversion layers above it.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rpy2.situation

# rpy2 starts R twice to ask for this path; the parent has already put it in the environment.
rpy2.situation.r_ld_library_path_from_subprocess = lambda _home: os.environ.get(
    "LD_LIBRARY_PATH", ""
)

from rpy2.rinterface_lib import callbacks, embedded, openrlib  # noqa: E402

ffi = openrlib.ffi
lib = openrlib.rlib
Sexp = Any
"""A pointer to an R value (cffi offers no type for it)."""

C_STACK_BYTES = 7_500_000
"""R's own check of its C stack: an endless recursion becomes an R error, not a dead process.
The usual stack of a process is 8 MiB; rpy2 would switch the check off."""

HERE = Path(__file__).parent


class RFailure(RuntimeError):
    """R code of ours failed where none should: a fault of Modelyard."""


class Console:
    """Where R prints: stderr, each line with the request that was scored meanwhile."""

    def __init__(self) -> None:
        self._request: str | None = None
        self._is_within = False

    @contextmanager
    def of(self, request_id: str) -> Iterator[None]:
        """Name this request in what is printed within the block, which ends with a whole line."""
        self._end_line()
        self._request = request_id
        try:
            yield
        finally:
            self._end_line()
            self._request = None

    def write(self, text: str) -> None:
        """Print what R prints."""
        for line in text.splitlines(keepends=True):
            if self._request is not None and not self._is_within:
                sys.stderr.write(f"request {self._request}: ")
            sys.stderr.write(line)
            self._is_within = not line.endswith("\n")

    def _end_line(self) -> None:
        if self._is_within:
            self.write("\n")


console = Console()


def start_r() -> None:
    """Start R in this process: no profile, no saved workspace, its output to stderr."""
    before = os.environ.get("LD_LIBRARY_PATH")
    embedded.set_initoptions(
        (
            "modelyard",
            "--quiet",
            "--no-save",
            "--no-restore",
            "--no-init-file",
            "--no-environ",
            "--no-site-file",
        )
    )
    callbacks.consolewrite_print = console.write
    callbacks.consolewrite_warnerror = console.write
    callbacks.showmessage = console.write
    callbacks.cleanup = lambda *_: os._exit(3)  # quit() ends this process and nothing else
    logging.getLogger("rpy2").setLevel(logging.ERROR)
    embedded._initr(interactive=False, _c_stack_limit=C_STACK_BYTES)
    if before is None:  # children must not load R's libraries
        os.environ.pop("LD_LIBRARY_PATH", None)
    else:
        os.environ["LD_LIBRARY_PATH"] = before


@contextmanager
def protected(*values: Sexp) -> Iterator[None]:
    """Keep R's collector away from these values within the block.

    Of several, only the last may have been made just now: making one can collect the others.
    """
    for value in values:
        lib.Rf_protect(value)
    try:
        yield
    finally:
        lib.Rf_unprotect(len(values))


def evaluate(call: Sexp, env: Sexp) -> Sexp:
    """Evaluate an R call; the result is not protected.

    Raises:
        RFailure: when R fails outside the code that catches errors itself.
    """
    failed = ffi.new("int *", 0)
    with protected(call):
        result = lib.R_tryEval(call, env, failed)
    if failed[0]:
        raise _failure()
    return result


def _failure() -> RFailure:
    failed = ffi.new("int *", 0)
    with protected(call := call_of(symbol("geterrmessage"), [])):
        message = lib.R_tryEval(call, lib.R_BaseEnv, failed)
    return RFailure(ffi.string(lib.R_CHAR(lib.STRING_ELT(message, 0))).decode().strip())


def call_of(function: Sexp, args: Sequence[Sexp]) -> Sexp:
    """An R call of at most five arguments, which the caller protects."""
    build = (lib.Rf_lang1, lib.Rf_lang2, lib.Rf_lang3, lib.Rf_lang4, lib.Rf_lang5, lib.Rf_lang6)
    return build[len(args)](function, *args)


def symbol(name: str) -> Sexp:
    """R's symbol of this name."""
    return lib.Rf_install(name.encode())


def string(text: str) -> Sexp:
    """A character vector of one element, UTF-8."""
    raw = text.encode()
    with protected(char := lib.Rf_mkCharLenCE(raw, len(raw), lib.CE_UTF8)):
        return lib.Rf_ScalarString(char)


class Functions:
    """The R functions of the files beside this one, in an environment of their own."""

    def __init__(self) -> None:
        with protected(parent := lib.R_BaseEnv, yes := lib.Rf_ScalarLogical(1)):
            self.env = evaluate(call_of(symbol("new.env"), [yes, parent]), parent)
        lib.R_PreserveObject(self.env)
        for file in sorted(HERE.glob("*.R")):
            with protected(path := string(str(file))):
                evaluate(call_of(symbol("sys.source"), [path, self.env]), lib.R_BaseEnv)

    def call(self, name: str, *args: Sexp) -> Sexp:
        """Call one of them; ``args`` must be protected by the caller, the result is not."""
        return evaluate(call_of(symbol(name), args), self.env)


class Call:
    """A call of one of these functions, built once: from one time to the next only its arguments
    change."""

    def __init__(self, functions: Functions, name: str, arguments: int) -> None:
        self._env = functions.env
        self._call = call_of(symbol(name), [lib.R_NilValue] * arguments)
        lib.R_PreserveObject(self._call)
        self._cells = [lib.Rf_nthcdr(self._call, i + 1) for i in range(arguments)]
        self._failed = ffi.new("int *", 0)

    def __call__(self, *args: Sexp) -> Sexp:
        """What the function returns, not protected; ``args`` need no protection but from
        each other's making.

        Raises:
            RFailure: when R fails outside the code that catches errors itself.
        """
        for cell, arg in zip(self._cells, args, strict=True):
            lib.SETCAR(cell, arg)
        result = lib.R_tryEval(self._call, self._env, self._failed)
        for cell in self._cells:  # a frame in it would stay in memory
            lib.SETCAR(cell, lib.R_NilValue)
        if self._failed[0]:
            raise _failure()
        return result
