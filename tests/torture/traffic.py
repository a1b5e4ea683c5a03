"""Clients of a service that speak HTTP by hand: many of them cost the machine little."""

from __future__ import annotations

import asyncio
import json
import time
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answered, and after how long, in seconds."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def code(self) -> str:
        """The code of an error."""
        return str(json.loads(self.body)["error"]["code"])


class Line:
    """One kept connection to ``/predict``, opened when it is needed."""

    def __init__(self, url: str, token: str) -> None:
        self._host, self._port = urlsplit(url).hostname, urlsplit(url).port
        self._head = (
            f"POST /predict HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {token}\r\n"
            "content-type: application/json\r\ncontent-length: "
        )
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, *xs: float) -> Reply:
        """Have rows of one column ``x`` scored."""
        body = json.dumps({"data": [[i, x] for i, x in enumerate(xs)]}).encode()
        begun = time.perf_counter()
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(f"{self._head}{len(body)}\r\n\r\n".encode() + body)
        status, headers = parsed(await reader.readuntil(b"\r\n\r\n"))
        told = await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            self.close()
        return Reply(status, headers, told, time.perf_counter() - begun)

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def parsed(head: bytes) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer.

    >>> parsed(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
    (200, {'content-length': '0'})
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.split(":", 1) for line in lines if line)
    return int(first.split()[1]), {name.lower(): value.strip() for name, value in pairs}


class Traffic:
    """Good requests from several lines, without a pause or ``rate`` a second, and their answers.

    ``want`` gives what a version must answer for a row. Each request has three rows, so that an
    answer of two versions would show.
    """

    def __init__(
        self,
        url: str,
        token: str,
        want: Callable[[str, float], float],
        *,
        lines: int = 8,
        rate: float | None = None,
    ) -> None:
        self._lines = [Line(url, token) for _ in range(lines)]
        self._want = want
        self._pause_s = 0.0 if rate is None else lines / rate
        self._done = False
        self.wrong: list[object] = []
        self.seen: Counter[str] = Counter()
        self.seconds = array("d")

    @property
    def asked(self) -> int:
        """Requests that were answered."""
        return len(self.seconds)

    async def _ask(self, line: Line, number: int) -> None:
        x, due = 1e6 * (1 + number), time.perf_counter()
        while not self._done:
            x += 3.0
            xs = (x, x + 1, x + 2)
            try:
                reply = await line.ask(*xs)
            except (OSError, asyncio.IncompleteReadError) as e:
                self.wrong.append(e)
                line.close()
                continue
            self._judge(xs, reply)
            due += self._pause_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))

    def _judge(self, xs: tuple[float, ...], reply: Reply) -> None:
        self.seconds.append(reply.seconds)
        version = reply.headers.get("x-modelyard-version", "")
        self.seen[version] += 1
        want = [[i, {"prediction": self._want(version, x)}] for i, x in enumerate(xs)]
        if reply.status != 200 or json.loads(reply.body) != {"data": want}:
            self.wrong.append((reply.status, version, reply.body[:500]))

    async def __aenter__(self) -> Traffic:
        self._tasks = [
            asyncio.create_task(self._ask(line, i)) for i, line in enumerate(self._lines)
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._done = True
        await asyncio.gather(*self._tasks)
        for line in self._lines:
            line.close()
