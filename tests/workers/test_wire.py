"""What a worker and its parent send each other, byte by byte."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pyarrow as pa
import pytest
from tests.conftest import run_r

from modelyard.runtime import messages as m
from modelyard.runtime.manifest import PredictSpec

HEADER_BYTES = 14
"""The form and the versions before what R serialises: a worker's are not those of every R."""
LM = "lm(mpg ~ wt, mtcars)"
FRAME = "data.frame(wt = c(NA, NaN, 2.5, -0, 1e308)[{which}])"
TABLE = pa.table({"wt": pa.array([None, float("nan"), 2.5, -0.0, 1e308], pa.float64())})
SERIALISED = 'cat(as.character(serialize(frame, NULL, xdr = FALSE, version = 2)), sep = "")'


@pytest.mark.parametrize(
    ("args", "columns"),
    [
        ({}, "list(prediction = unname(p))"),
        ({"interval": "confidence"}, "as.list(as.data.frame(p))"),
    ],
)
@pytest.mark.parametrize("rows", [1, 5])
def test_doubles_leave_a_worker_as_r_would_serialise_them(workshop, pool, args, columns, rows):
    manifest = workshop.manifest(LM, {"wt": "double"}, predict=PredictSpec(args=args))
    with pool.lend(manifest, wait_s=60) as worker:
        channel = worker._process.channel
        channel.settimeout(60)
        channel.send(m.Predict("id"), worker.pieces(TABLE.slice(5 - rows)))
        reply, answer, _ = channel.receive()
    assert isinstance(reply, m.Answer)
    interval = ", interval = 'confidence'" if args else ""
    asked = FRAME.format(which=f"{6 - rows}:5")
    expected = run_r(
        f"p <- predict({LM}, {asked}{interval}); frame <- structure({columns}, "
        f"row.names = .set_row_names({rows}), class = 'data.frame'); {SERIALISED}"
    )
    assert bytes(answer[HEADER_BYTES:]).hex() == expected[2 * HEADER_BYTES :]


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, m.Channel]]:
    one, other = socket.socketpair()
    channel = m.Channel(other)
    channel.settimeout(30)
    yield one, channel
    one.close()
    channel.close()


def sent(sock: socket.socket, data: bytes, step: int) -> None:
    for at in range(0, len(data), step):
        sock.sendall(data[at : at + step])


@pytest.mark.parametrize(("size", "step"), [(0, 1), (100, 7), (70_000, 1000), (200_000, 10**6)])
def test_a_message_is_whole_however_it_comes(ends, size, step):
    sock, channel = ends
    rows = bytes(i % 251 for i in range(size))
    data = b"".join(m.parts_of(m.Predict("id", 3), (rows,)))
    sender = threading.Thread(target=sent, args=(sock, data, step))
    sender.start()
    given = bytearray(size)
    message, found, files = channel.receive(room=lambda n: memoryview(given)[:n])
    sender.join()
    assert (message, bytes(found), files) == (m.Predict("id", 3), rows, [])
    assert given == rows


def test_more_than_one_message_at_once_is_garbled(ends):
    sock, channel = ends
    data = b"".join(m.parts_of(m.Kept()))
    sock.sendall(data + data)
    with pytest.raises(m.Garbled, match="more than one"):
        channel.receive()
