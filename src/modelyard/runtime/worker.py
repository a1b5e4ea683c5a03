"""The worker process: one embedded R, one version, one request at a time.

Started by ``compute/local.py`` with a socket and a lifeline; it speaks ``messages.py`` and
nothing else, and only its parent ends it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from typing import Any

import msgspec

from modelyard.errors import MissingPackage, ModelError, ModelyardError
from modelyard.runtime import authors, sandbox
from modelyard.runtime import messages as m
from modelyard.runtime.blob import checked, unpacked
from modelyard.runtime.r.predictor import Predictor, raise_fault
from modelyard.runtime.r.session import Functions, Sexp, console, lib, protected, start_r, symbol
from modelyard.runtime.r.values import bytes_of, element, raw_vector, texts_of, to_list


def main() -> None:
    """Serve one parent: ``worker SOCKET_FD LIFELINE_FD PLAN``, the plan as JSON."""
    started = time.perf_counter()
    sock_fd, lifeline_fd = (int(a) for a in sys.argv[1:3])
    plan = msgspec.json.decode(sys.argv[3], type=sandbox.Plan)
    channel = m.Channel(socket.socket(fileno=sock_fd))
    start_r()
    functions = Functions()
    predictor = Predictor(functions)
    with protected(told := functions.call("serve_r_version")):
        version = str(texts_of(told)[0])
    isolation = sandbox.enter(plan, frozenset({sock_fd, lifeline_fd}))
    _die_with(lifeline_fd)
    channel.send(m.Ready(version, time.perf_counter() - started, isolation))
    spent: str | None = None
    while True:
        try:
            message, _, files = channel.receive(max_files=2, room=predictor.room)
        except EOFError:
            return
        if spent is not None:
            channel.send(m.Spent(spent))
            continue
        try:
            reply, answer = _answer(message, files, functions, predictor)
        except ModelyardError as e:
            reply, answer = _fault(e), ()
        except MemoryError:
            reply, answer = m.Fault("memory_limit", "The worker's memory is used up."), ()
        channel.send(reply, answer)
        if isinstance(message, m.Predict):  # after the answer has gone, before the next request
            spent = predictor.restore()


def _die_with(lifeline: int) -> None:
    """End this process, whatever it is doing, when the other end of this pipe closes.

    A thread waits for it, since a death signal follows the thread that started us, not the
    process; R's long calls let other threads run.
    """

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(lifeline, 1):
                pass
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def _answer(
    message: m.Message,
    files: list[int],
    functions: Functions,
    predictor: Predictor,
) -> tuple[m.Message, m.Rows]:
    """The reply, and the bytes of its rows if it has any."""
    match message:
        case m.Put():
            authors.write(files[0], message.role, message.digest)
            return m.Kept(), ()
        case m.Load():
            return _load(message, files, functions), ()
        case m.Scan():
            return _scan(message, files), ()
        case m.Inspect():
            return _inspect(message, functions)
        case m.Predict():
            return _predict(message, predictor)
        case _:
            raise ModelError(f"A worker cannot answer {type(message).__name__}.")


def _load(message: m.Load, files: list[int], functions: Functions) -> m.Loaded:
    started = time.perf_counter()
    vectors = [
        lib.Rf_protect(_vector(fd, d)) for fd, d in zip(files, _digests(message), strict=True)
    ]
    model = vectors[0]
    body = vectors[1] if len(vectors) > 1 else lib.R_NilValue
    predict = lib.Rf_protect(
        to_list(
            {
                "fn": message.fn,
                "packages": message.packages or None,
                "args": message.args,
                "needs": message.needs or None,
                **authors.for_r(),
            }
        )
    )
    result = functions.call("serve_load", model, body, predict)
    lib.Rf_unprotect(1 + len(vectors))
    raise_fault(result)
    return m.Loaded(time.perf_counter() - started)


def _scan(message: m.Scan, files: list[int]) -> m.Scanned:
    """Without R: a file that it is not safe to load is refused here."""
    from modelyard.runtime.r.scan import scan  # a worker that only serves starts without it

    reports = []
    for fd, digest in zip(files, _digests(message), strict=True):
        with checked(fd, digest) as stored:
            reports.append(scan(stored).to_dict())
    return m.Scanned(reports[0], reports[1] if len(reports) > 1 else None)


def _digests(message: m.Load | m.Scan) -> list[str]:
    return [d for d in (message.digest, message.body_digest) if d is not None]


def _vector(fd: int, digest: str) -> Sexp:
    """The unpacked bytes of a file, once their digest is what it should be, as R's raw vector."""
    with checked(fd, digest) as stored:
        return raw_vector(b"".join(unpacked(stored)))


def _predict(message: m.Predict, predictor: Predictor) -> tuple[m.Answer, m.Rows]:
    started = time.perf_counter()
    with console.of(message.request_id):
        answer, warnings = predictor.predict(seed=message.seed)
    return m.Answer(warnings[:20], time.perf_counter() - started), answer


def _inspect(message: m.Inspect, functions: Functions) -> tuple[m.Inspected, m.Rows]:
    n = lib.Rf_protect(lib.Rf_ScalarInteger(message.sample_rows))
    result = lib.Rf_protect(functions.call("serve_inspect", n))
    try:
        raise_fault(result)
        frame = element(result, "frame")
        rows = () if frame == lib.R_NilValue else (bytes(bytes_of(frame)),)
        told = _environment(functions)
        return (
            m.Inspected(
                model_class=[str(c) for c in texts_of(element(result, "class"))],
                kind=str(texts_of(element(result, "task"))[0]),
                predictors=[str(p) for p in texts_of(element(result, "predictors"))],
                levels=_levels(element(result, "levels")),
                row_independent=bool(lib.LOGICAL(element(result, "row_independent"))[0]),
                link_scale=bool(lib.LOGICAL(element(result, "link_scale"))[0]),
                **told,
            ),
            rows,
        )
    finally:
        lib.Rf_unprotect(2)


def _levels(described: Sexp) -> dict[str, dict[str, Any]]:
    found = {}
    for i, name in enumerate(texts_of(lib.Rf_getAttrib(described, symbol("names")))):
        one = lib.VECTOR_ELT(described, i)
        levels = element(one, "levels")
        found[str(name)] = {
            "type": texts_of(element(one, "type"))[0],
            "levels": None if levels == lib.R_NilValue else texts_of(levels),
            "ordered": bool(lib.LOGICAL(element(one, "ordered"))[0]),
        }
    return found


def _environment(functions: Functions) -> dict[str, Any]:
    with protected(told := functions.call("serve_environment")):
        return {
            "r_version": _texts(told, "r_version")[0],
            "platform": _texts(told, "platform")[0],
            "packages": _described(element(told, "packages")),
            "builders": _described(element(told, "builders")),
            "roots": _texts(told, "roots"),
        }


def _described(packages: Sexp) -> list[dict[str, str]]:
    """A list of named texts."""
    found = []
    for i in range(lib.Rf_xlength(packages)):
        one = lib.VECTOR_ELT(packages, i)
        names = texts_of(lib.Rf_getAttrib(one, symbol("names")))
        found.append(dict(zip(map(str, names), map(str, texts_of(one)), strict=True)))
    return found


def _texts(items: Sexp, name: str) -> list[str]:
    return [str(text) for text in texts_of(element(items, name))]


def _fault(error: ModelyardError) -> m.Fault:
    names = list(error.packages) if isinstance(error, MissingPackage) else []
    return m.Fault(error.code, error.message, error.hint, [d.reason for d in error.details], names)


if __name__ == "__main__":
    main()
