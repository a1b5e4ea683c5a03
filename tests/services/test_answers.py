"""An answer is written at once, and its connection then does what its head said."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from modelyard.services.port import bind_port
from modelyard.services.protocols.answers import OnePiece
from modelyard.services.protocols.slow import DeadlineProtocol

OK = b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-length: 2\r\n\r\n"


class Transport:
    """Keeps what is written, each piece for itself."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        assert not self.is_closed
        self.pieces.append(data)

    def close(self) -> None:
        self.is_closed = True


class Flow:
    """Whether the caller reads what it is sent."""

    def __init__(self) -> None:
        self.read = asyncio.Event()
        self.read.set()

    @property
    def write_paused(self) -> bool:
        return not self.read.is_set()

    async def drain(self) -> None:
        await self.read.wait()


class Cycle(SimpleNamespace):
    """uvicorn's, which keeps what is left to it."""

    async def send(self, message) -> None:
        self.left.append(message)


@pytest.fixture
def cycle():
    def on_response() -> None:
        found.ends += 1

    found = Cycle(
        transport=Transport(),
        flow=Flow(),
        scope={"method": "GET"},
        default_headers=[(b"date", b"today")],
        message_event=asyncio.Event(),
        disconnected=False,
        keep_alive=True,
        waiting_for_100_continue=True,
        response_started=False,
        response_complete=False,
        on_response=on_response,
        ends=0,
        left=[],
    )
    return found


async def answer(cycle, body=b"{}", headers=(), status=200):
    send = OnePiece(cycle).send
    headers = [(b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    assert cycle.transport.pieces == []
    await send({"type": "http.response.body", "body": body})


def test_a_head_and_its_body_are_one_piece(cycle):
    asyncio.run(answer(cycle))
    assert cycle.transport.pieces == [OK + b"{}"]
    assert cycle.response_started and cycle.response_complete and cycle.message_event.is_set()
    assert not cycle.waiting_for_100_continue
    assert cycle.ends == 1
    assert not cycle.transport.is_closed


def test_the_answer_to_head_has_no_body(cycle):
    cycle.scope["method"] = "HEAD"
    asyncio.run(answer(cycle))
    assert cycle.transport.pieces == [OK]


def test_a_large_body_is_not_copied_to_its_head(cycle):
    body = bytes(10**6)
    asyncio.run(answer(cycle, body))
    assert cycle.transport.pieces[0].endswith(b"content-length: 1000000\r\n\r\n")
    assert cycle.transport.pieces[1] is body


def test_a_last_answer_says_so_and_hangs_up(cycle):
    cycle.keep_alive = False
    asyncio.run(answer(cycle))
    assert cycle.transport.pieces == [OK[:-2] + b"connection: close\r\n\r\n{}"]
    assert cycle.transport.is_closed


def test_an_answer_that_says_it_is_the_last_is(cycle):
    asyncio.run(answer(cycle, headers=[(b"connection", b"close")]))
    assert cycle.transport.pieces[0].count(b"connection: close") == 1
    assert cycle.transport.is_closed


def test_nothing_is_written_to_a_caller_who_has_gone(cycle):
    cycle.disconnected = True
    asyncio.run(answer(cycle))
    assert cycle.transport.pieces == []
    assert cycle.ends == 0


def test_a_caller_who_does_not_read_is_waited_for(cycle):
    async def slow_reader():
        cycle.flow.read.clear()
        task = asyncio.create_task(answer(cycle))
        await asyncio.sleep(0.01)
        assert cycle.transport.pieces == []
        cycle.flow.read.set()
        await task

    asyncio.run(slow_reader())
    assert cycle.transport.pieces == [OK + b"{}"]


@pytest.mark.parametrize("value", [b"1\r\nx-other: 2", b"1\n"])
def test_a_header_of_two_lines_is_never_written(cycle, value):
    with pytest.raises(RuntimeError, match="more than one line"):
        asyncio.run(answer(cycle, headers=[(b"x-said", value)]))
    assert cycle.transport.pieces == []
    assert not cycle.response_started


def test_a_failed_answer_can_be_followed_by_the_server_s_own(cycle):
    async def twice():
        send = OnePiece(cycle).send
        bad = [(b"content-length", b"2"), (b"x-said", b"1\n")]
        await send({"type": "http.response.start", "status": 200, "headers": bad})
        with pytest.raises(RuntimeError):
            await send({"type": "http.response.body", "body": b"{}"})
        said = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 500, "headers": said})
        await send({"type": "http.response.body", "body": b"no"})

    asyncio.run(twice())
    assert cycle.transport.pieces[0].startswith(b"HTTP/1.1 500 ")


START = {"type": "http.response.start", "status": 200, "headers": []}
PART = {"type": "http.response.body", "body": b"a", "more_body": True}
END = {"type": "http.response.body", "body": b"b"}


@pytest.mark.parametrize(
    "messages",
    [
        [START, PART, PART, END],
        [{**START, "headers": [(b"content-length", b"2")]}, PART, END],
        [START, END],
        [{**START, "headers": [(b"content-length", b"2")]}, END],
        [{"type": "http.response.start", "status": 204}, {"type": "http.response.body"}],
    ],
)
def test_what_comes_in_parts_or_without_its_length_is_left_to_the_server(cycle, messages):
    async def sent():
        send = OnePiece(cycle).send
        for message in messages:
            await send(message)

    asyncio.run(sent())
    assert cycle.left == messages
    assert cycle.transport.pieces == []


LARGE = bytes(range(256)) * 4096


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server of starlette's responses, of each kind."""
    kinds = {
        "/whole": lambda _: PlainTextResponse("whole"),
        "/large": lambda _: Response(LARGE),
        "/none": lambda _: Response(status_code=204),
        "/parts": lambda _: StreamingResponse(iter([b"some", b"more", LARGE])),
        "/told": lambda _: StreamingResponse(iter([b"so", b"me"]), headers={"content-length": "4"}),
    }
    app = Starlette(routes=[Route(path, answer) for path, answer in kinds.items()])
    with bind_port("") as sock:
        config = uvicorn.Config(app, http=DeadlineProtocol, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[sock])))
        thread.start()
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def test_all_kinds_of_answers_come_whole_on_one_connection(url: str) -> None:
    want = [("/whole", b"whole"), ("/large", LARGE), ("/none", b""), ("/told", b"some")]
    want.append(("/parts", b"somemore" + LARGE))
    with httpx.Client(limits=httpx.Limits(max_connections=1), timeout=10) as client:
        for path, body in want * 2:
            assert client.get(url + path).content == body
            assert client.head(url + path).content == b""


def said(url: str, *pieces: bytes) -> bytes:
    """All that is answered to what is sent in pieces, until the server hangs up."""
    found = b""
    address = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
    with socket.create_connection(address, timeout=10) as caller, suppress(ConnectionError):
        for piece in pieces:
            caller.sendall(piece)
            time.sleep(0.05)
        while piece := caller.recv(4096):
            found += piece
    return found


def test_a_body_behind_an_upgrade_is_never_taken_for_a_request(url: str) -> None:
    inner = b"GET /whole HTTP/1.1\r\nhost: x\r\n\r\n"
    head = b"POST /whole HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings\r\n"
    head += b"upgrade: h2c\r\nhttp2-settings: AAA\r\ncontent-length: %d\r\n\r\n" % len(inner)
    for pieces in ((head, inner), (head + inner,)):
        answer = said(url, *pieces)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"without an upgrade" in answer
        assert b"HTTP/1.1 200 " not in answer


def test_what_is_no_http_takes_no_answer_from_the_request_before_it(url: str) -> None:
    answer = said(url, b"GET /whole HTTP/1.1\r\nhost: x\r\n\r\nGARBAGE\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer
    assert answer.endswith(b"whole")
