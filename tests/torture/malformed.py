"""Requests that are wrong in ever other ways, made of good ones and a seed."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

GOOD_BODIES = (
    b'{"dataframe_records": [{"wt": 2.62, "hp": 110.0, "cyl": 6}]}',
    b'{"dataframe_split": {"columns": ["wt", "hp", "cyl"], "data": [[2.62, 110.0, 6]]}}',
    b'{"data": [[0, 2.62, 110.0, 6], [1, 2.9, 95.0, 4]]}',
    b'[{"wt": 2.62, "hp": 110.0, "cyl": 6}]',
)
CELLS = (
    "null", "true", '"NA"', '"x"', "1e400", "-0.0", "NaN", "Infinity", "9" * 40, "1.5", "{}", "[]",
    '"\\ud800"', '"\\u0000"', "[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]", "0x10", "1_000", "''",
    '"' + "y" * 500 + '"',
)  # fmt: skip
KEYS = ("wt", "WT", "hp", "cyl", "", "data", "columns", "dataframe_records", "\u00e9", "a" * 300)
TYPES = (
    b"application/json", b"application/vnd.apache.arrow.stream", b"application/x-rds", b"text/csv",
    b"application/octet-stream", b"", b"application/json; charset=\xff", b"a" * 300, b"/", b"*/*",
)  # fmt: skip
QUERIES = (b"", b"strict=true", b"strict=maybe", b"strict=%zz", b"a=b&" * 50, b"\xff", b"strict")
PATHS = ("/predict", "/", "/livez", "/metrics", "/predict/..", "/%00", "/a" * 50, "//predict", "/é")
METHODS = ("POST", "GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "X" * 30)
HEADERS = (
    (b"x-request-id", b"\xff" * 20), (b"x-request-id", b"a" * 5000), (b"accept", b"text/html"),
    (b"accept", b"q=;,,;;\xff"), (b"content-length", b"-1"), (b"content-length", b"9" * 30),
    (b"transfer-encoding", b"chunked"), (b"authorization", b""), (b"authorization", b"Bearer "),
    (b"authorization", b"Bearer \xff\xfe"), (b"authorization", b"Basic eDp5"),
    (b"expect", b"100-continue"), (b"connection", b"upgrade"), (b"content-encoding", b"gzip"),
    (b"host", b""), (b"x", b"y" * 4000),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: as HTTP would read it."""

    method: str
    path: str
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def raw(self) -> bytes:
        """As bytes of HTTP/1.1."""
        query = b"?" + self.query if self.query else b""
        lines = [f"{self.method} {self.path}".encode() + query + b" HTTP/1.1", b"host: test"]
        lines += [name + b": " + value for name, value in self.headers]
        if not any(name == b"content-length" for name, _ in self.headers):
            lines.append(b"content-length: %d" % len(self.body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


def request(draw: random.Random, authorization: bytes) -> Request:
    """One that is wrong somewhere, most of the time."""
    form = TYPES[0] if draw.random() < 0.85 else draw.choice(TYPES)
    headers = [(b"authorization", authorization), (b"content-type", form)]
    if draw.random() < 0.1:
        name, value = draw.choice(HEADERS)
        headers = [h for h in headers if h[0] != name] + [(name, value)]
    method = "POST" if draw.random() < 0.95 else draw.choice(METHODS)
    path = "/predict" if draw.random() < 0.95 else draw.choice(PATHS)
    query = b"" if draw.random() < 0.9 else draw.choice(QUERIES)
    return Request(method, path, query, tuple(headers), body(draw))


def body(draw: random.Random) -> bytes:
    """A body that once was good."""
    good = draw.choice(GOOD_BODIES)
    match draw.randrange(6):
        case 0:
            return _bytes(draw, good)
        case 1:
            return good[: draw.randrange(len(good))]
        case 2:
            return _cells(draw, good)
        case 3:
            return _keys(draw)
        case 4:
            return draw.randbytes(draw.randrange(200))
        case _:
            return _bytes(draw, _cells(draw, good))


def _bytes(draw: random.Random, good: bytes) -> bytes:
    changed = bytearray(good)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(changed))
        match draw.randrange(3):
            case 0:
                changed[at] = draw.randrange(256)
            case 1:
                del changed[at : at + draw.randint(1, 5)]
            case _:
                changed[at:at] = draw.choice((b'"', b"[", b"}", b",", b"\x00", b"\xff", b"1"))
        if not changed:
            return b""
    return bytes(changed)


def _cells(draw: random.Random, good: bytes) -> bytes:
    number = draw.choice((b"2.62", b"110.0", b"6", b"[", b'"wt"', b'"cyl"'))
    return good.replace(number, draw.choice(CELLS).encode(), draw.randint(1, 3))


def _keys(draw: random.Random) -> bytes:
    keys = [draw.choice(KEYS) for _ in range(draw.randint(0, 6))]
    pairs = ", ".join(f"{json.dumps(key)}: {draw.choice(CELLS)}" for key in keys)
    return f'{{"dataframe_records": [{{{pairs}}}, {{{pairs}}}]}}'.encode()


def raw(draw: random.Random, authorization: bytes) -> bytes:
    """What goes over a socket: a malformed request, at times no HTTP at all."""
    sent = request(draw, authorization).raw()
    if draw.random() < 0.5:
        return sent
    head, _, rest = sent.partition(b"\r\n\r\n")
    return _bytes(draw, head) + b"\r\n\r\n" + rest
