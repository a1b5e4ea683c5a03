"""A worker that is not ours any more: whatever it says ends it, and costs its own request only."""

from __future__ import annotations

import contextlib
import gzip
import random
import socket
import struct
import threading
from collections.abc import Callable

import msgspec
import pyarrow as pa
import pytest

from modelyard.errors import (
    ModelError,
    ModelTimeout,
    ModelyardError,
    OutputViolation,
    WorkerCrashed,
)
from modelyard.runtime import messages as m
from modelyard.runtime.r.rds_write import write_frame
from modelyard.workers.lease import Worker

MIB = 2**20
ROWS = pa.table({"x": [1.0, 2.0]})
ANSWER = m.Answer([], 0.1)


class Hostile:
    """A process of which only the socket is real."""

    def __init__(self) -> None:
        ours, self.theirs = socket.socketpair()
        self.channel = m.Channel(ours, MIB)
        self.killed = 0

    def kill(self) -> str:
        self.killed += 1
        return "killed by SIGKILL"

    def alive(self) -> bool:
        return not self.killed

    def settle(self) -> None:
        pass

    def grown_bytes(self) -> int:
        return 0


def framed(message: bytes, rows: bytes = b"", sizes: tuple[int, int] | None = None) -> bytes:
    return struct.pack("<QQ", *(sizes or (len(rows), len(message)))) + rows + message


def encoded(message: m.Message) -> bytes:
    return msgspec.msgpack.encode(message)


def asked(say: bytes | Callable[[socket.socket], None], deadline_s: float = 5.0) -> Hostile:
    """Ask a worker that says this, and return it once the request has failed."""
    process = Hostile()
    worker = Worker(process)
    if callable(say):
        threading.Thread(target=say, args=(process.theirs,), daemon=True).start()
    else:
        process.theirs.sendall(say)
    try:
        worker.predict(ROWS, deadline_s=deadline_s, request_id="r")
    finally:
        worker.usable = worker.usable and not process.killed
        assert not worker.alive()
    raise AssertionError("it was believed")


BOMB = pa.table({"x": pa.array([0.0] * 10**6)})


def a_text_of_any_length() -> bytes:
    """Text whose length points beyond its bytes."""
    good, bad = struct.pack("<i", 4) + b"text", struct.pack("<i", 2**30) + b"text"
    data = write_frame(pa.table({"x": ["text", ""]}))
    assert data.count(good) == 1
    return data.replace(good, bad)


SAYS = {
    "rows_of_any_length": framed(b"", sizes=(2**62, 10)),
    "a_message_of_any_length": framed(b"", sizes=(0, 2**62)),
    "lengths_that_overflow": framed(b"", sizes=(2**64 - 1, 2**64 - 1)),
    "more_rows_than_are_allowed": framed(encoded(ANSWER), sizes=(MIB + 1, 10)),
    "no_message": framed(b"\xc1" * 40),
    "an_empty_message": framed(b""),
    "a_message_of_no_type": framed(msgspec.msgpack.encode({"type": "Nothing"})),
    "fields_of_a_wrong_kind": framed(
        msgspec.msgpack.encode({"type": "Answer", "warnings": 7, "seconds": "x"})
    ),
    "deep_nesting": framed(b"\x91" * 100_000 + b"\xc0"),
    "a_message_of_its_parent": framed(encoded(m.Inspect(1))),
    "the_answer_to_another_question": framed(encoded(m.Loaded(0.1))),
    "that_it_is_ready_again": framed(encoded(m.Scanned({}, None))),
    "an_answer_without_rows": framed(encoded(ANSWER)),
    "rows_that_are_no_frame": framed(encoded(ANSWER), b"no frame at all, but long enough"),
    "rows_cut_short": framed(encoded(ANSWER), write_frame(ROWS)[:-40]),
    "rows_that_unpack_to_more": framed(encoded(ANSWER), gzip.compress(write_frame(BOMB))),
    "rows_that_point_outside": framed(encoded(ANSWER), a_text_of_any_length()),
    "a_fault_of_the_account": framed(encoded(m.Fault("unauthenticated", "log in again"))),
    "a_fault_nobody_knows": framed(encoded(m.Fault("boo", "boo"))),
}


@pytest.mark.parametrize("what", SAYS)
def test_a_worker_that_answers_nonsense_is_ended_with_one_error(what):
    with pytest.raises(WorkerCrashed, match="was ended: it answered"):
        asked(SAYS[what])


def test_a_worker_that_hangs_up_is_a_crash():
    with pytest.raises(WorkerCrashed, match="ended while it worked"):
        asked(lambda theirs: theirs.close())


def test_a_byte_now_and_then_does_not_stretch_the_deadline():
    def drip(theirs: socket.socket) -> None:
        stop = threading.Event()
        theirs.sendall(struct.pack("<QQ", 0, 1000))
        with contextlib.suppress(OSError):  # until it is ended
            for _ in range(100):
                stop.wait(0.1)
                theirs.sendall(b"x")

    with pytest.raises(ModelTimeout, match=r"within 0\.5 s"):
        asked(drip, deadline_s=0.5)


def test_what_it_says_of_a_fault_is_cut():
    process = Hostile()
    process.theirs.sendall(framed(encoded(m.Fault("model_error", "x" * 10**4, "y" * 10**4))))
    with pytest.raises(ModelError) as e:
        Worker(process).predict(ROWS, deadline_s=5, request_id="r")
    assert len(e.value.message) == len(e.value.hint) == 2000
    assert not process.killed


def test_warnings_are_cut():
    process = Hostile()
    warnings = ["w" * 3000] * 30
    process.theirs.sendall(framed(encoded(m.Answer(warnings, 0.1)), write_frame(ROWS)))
    found = Worker(process).predict(ROWS, deadline_s=5, request_id="r")
    assert [len(w) for w in found.warnings] == [2000] * 20


def test_files_it_sends_are_not_taken():
    process = Hostile()
    with open("/dev/null", "rb") as file:
        data = framed(encoded(ANSWER), write_frame(ROWS))
        socket.send_fds(process.theirs, [data], [file.fileno()] * 3)
        found = Worker(process).predict(ROWS, deadline_s=5, request_id="r")
    assert found.table.equals(ROWS)


@pytest.mark.parametrize("seed", range(4))
def test_changed_bytes_never_do_anything_else(seed):
    rng = random.Random(seed)
    table = pa.table(
        {"x": [1.0, None], "y": ["a", "bc"], "z": pa.array(["p", "q"]).dictionary_encode()}
    )
    good = framed(encoded(ANSWER), write_frame(table))
    for _ in range(400):
        bad = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            bad[rng.randrange(16, len(bad))] = rng.randrange(256)
        process = Hostile()
        process.theirs.sendall(bad)
        process.theirs.close()
        try:
            Worker(process).predict(ROWS, deadline_s=5, request_id="r").table.to_pylist()
        except ModelyardError as e:
            assert isinstance(e, WorkerCrashed | OutputViolation), (seed, bytes(bad))
