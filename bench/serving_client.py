"""A client of bench/serving.py that acknowledges at once, and what it takes from an answer.

An ordinary client's kernel waits up to 40 ms before it acknowledges the first of two packets, and a
server that waits for that (plumber writes head and body one after the other) seems slow by as much.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from pathlib import Path

from bench.serving_systems import System

from modelyard.compute.local import find_r, worker_environment


class CannotAnswer(Exception):
    """It hung up, or says something went wrong."""


class Line:
    """One kept connection."""

    def __init__(self, system: System) -> None:
        self._sock = socket.create_connection(("127.0.0.1", system.port), timeout=120)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = f"POST {system.path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        if system.token is not None:
            head += f"Authorization: Bearer {system.token}\r\n"
        self._head = head

    def ask(self, body: bytes) -> tuple[float, bytes]:
        """Seconds until the answer is there, and its body."""
        request = f"{self._head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        begun = time.perf_counter()
        self._sock.sendall(request)
        told = b""
        while True:
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            data = self._sock.recv(2**20)
            if not data:
                raise CannotAnswer(f"hung up after {told!r}")
            told += data
            head, found, rest = told.partition(b"\r\n\r\n")
            if found and len(rest) == _length(head):
                seconds = time.perf_counter() - begun
                if b" 200 " not in head.split(b"\r\n")[0]:
                    raise CannotAnswer(told.decode())
                return seconds, rest

    def close(self) -> None:
        """Hang up."""
        self._sock.close()


class Alone:
    """R by itself, asked for one row after another."""

    def __init__(self, model: Path) -> None:
        script = Path(__file__).with_name("serving_alone.R")
        self._process = subprocess.Popen(
            ["Rscript", "--vanilla", str(script), str(model)],
            env=worker_environment(find_r()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, seconds: float) -> float:
        """The median milliseconds of a row, taken for so long."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{seconds}\n")
        stdin.flush()
        return float(stdout.readline())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise CannotAnswer(f"an answer without a length: {head!r}")


def numbers(body: bytes) -> list[float]:
    """The predictions of an answer, whichever system gave it."""
    found = json.loads(body)
    if "outputs" in found:
        return [float(x) for x in found["outputs"][0]["data"]]
    data = found["data"]
    return [float(x[1]["prediction"] if isinstance(x, list) else x) for x in data]
