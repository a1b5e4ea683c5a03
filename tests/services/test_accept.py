"""Connections are counted from accept to close, with TLS and without, on both loops."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from modelyard.access.tls import Tls, tls_of
from modelyard.services.port import bind_port
from modelyard.services.protocols import accept, slow
from modelyard.services.protocols.accept import CappedServer
from modelyard.settings import Settings

HELLO_BEGUN = b"\x16\x03\x01"
REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
OTHER = "127.0.0.2"
MOST, MOST_OF_ONE = 6, 4
LOOPS = (asyncio.new_event_loop, uvloop.new_event_loop)
APP = Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])

pytestmark = pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])


@dataclass
class Served:
    """A server of few connections, and its callers."""

    address: tuple[str, int]
    trusting: ssl.SSLContext | None
    told: list[tuple[int, str]] = field(default_factory=list)

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(self.address, timeout=10, source_address=(source, 0))

    def hold(self, source: str = "127.0.0.1") -> socket.socket:
        """A connection that has a place: half of a handshake, or of a request."""
        held = self.connect(source)
        held.sendall(HELLO_BEGUN if self.trusting else REQUEST[:9])
        return held

    def ask(self, source: str = "127.0.0.1") -> bytes:
        """What a whole request is answered; nothing where it is refused."""
        try:
            with self.connect(source) as plain:
                if self.trusting is None:
                    return self._asked(plain)
                with self.trusting.wrap_socket(plain, server_hostname="localhost") as secure:
                    return self._asked(secure)
        except (ConnectionError, ssl.SSLError):
            return b""

    @staticmethod
    def _asked(connection: socket.socket) -> bytes:
        connection.sendall(REQUEST)
        return b"".join(iter(lambda: connection.recv(4096), b""))

    def is_served(self, source: str = "127.0.0.1") -> bool:
        return self.ask(source).endswith(b"here")


@contextmanager
def running(loop: Callable[[], asyncio.AbstractEventLoop], tls: Tls | None) -> Iterator[Served]:
    settings = Settings(max_connections=MOST, max_connections_per_address=MOST_OF_ONE)
    trusting = None
    if tls is not None:
        trusting = ssl.create_default_context(cafile=str(tls.certificate.with_name("ca.pem")))
    config = uvicorn.Config(
        APP,
        lifespan="off",
        log_config=None,
        ssl_certfile=None if tls is None else tls.certificate,
        ssl_keyfile=None if tls is None else tls.key,
    )
    with bind_port("") as sock:
        served = Served(sock.getsockname(), trusting)
        server = CappedServer(config, settings, lambda _, *said: served.told.append(said[:2]))

        def serve() -> None:
            with asyncio.Runner(loop_factory=loop) as runner:
                runner.run(server.serve(sockets=[sock]))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield served
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    settings = Settings(home=tmp_path_factory.mktemp("tls"), tls_certificate="account")
    made = tls_of(settings, datetime.now(UTC))
    assert made is not None
    return made


@pytest.fixture(params=["plain", "tls"])
def served(
    loop: Callable[[], asyncio.AbstractEventLoop], tls: Tls, request: pytest.FixtureRequest
) -> Iterator[Served]:
    with running(loop, tls if request.param == "tls" else None) as served:
        yield served


def until(is_so: Callable[[], bool]) -> None:
    patience = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < patience
        time.sleep(0.02)


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side closes it, whatever it says before."""
    try:
        while connection.recv(4096):
            pass
    except ConnectionError:
        pass
    return True


def test_half_a_handshake_takes_a_place_and_one_too_many_is_closed_at_once(served: Served) -> None:
    with ExitStack() as held:
        for _ in range(MOST_OF_ONE):
            held.enter_context(served.hold())
        begun = time.monotonic()
        for _ in range(3):
            with served.connect() as more:
                assert is_closed(more)
        assert time.monotonic() - begun < 2
        assert served.told == [(429, "overloaded")] * 3
        assert served.is_served(OTHER)
        for _ in range(MOST - MOST_OF_ONE):
            held.enter_context(served.hold(OTHER))
        assert not served.is_served(OTHER)
    until(served.is_served)


def test_half_a_handshake_is_closed_in_time_and_its_place_is_free_again(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow, "HEADERS_DEADLINE_S", 0.5)
    with ExitStack() as held:
        slow_ones = [held.enter_context(served.hold()) for _ in range(MOST_OF_ONE)]
        assert not served.is_served()
        assert all(is_closed(one) for one in slow_ones)
        until(served.is_served)


def all_places(served: Served) -> bool:
    """Whether exactly so many connections of one address as may be are held."""
    before = len(served.told)
    with ExitStack() as held:
        for _ in range(MOST_OF_ONE):
            held.enter_context(served.hold())
        time.sleep(0.05)
        if len(served.told) > before:
            return False
        assert not served.is_served()
        return True


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_every_place_is_given_back_once_however_a_connection_ends(served: Served) -> None:
    for _ in range(20):
        reset(served.connect())
        reset(served.hold())
        served.hold().close()
        with served.connect() as wrong:
            wrong.sendall(b"nothing that is known\r\n\r\n")
        until(served.is_served)
        with ExitStack() as held:
            for _ in range(MOST_OF_ONE + 2):
                reset(held.enter_context(served.connect()))
    until(lambda: all_places(served))
    until(lambda: all_places(served))


def test_one_too_many_without_tls_is_told_why(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    with running(loop, None) as served, ExitStack() as held:
        for _ in range(MOST_OF_ONE):
            held.enter_context(served.hold())
        with served.connect() as more:
            head, _, said = b"".join(iter(lambda: more.recv(4096), b"")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 429 ") and b"retry-after: 1" in head
    assert json.loads(said)["error"]["code"] == "overloaded"


def test_without_files_to_open_accepting_pauses_and_goes_on(
    loop: Callable[[], asyncio.AbstractEventLoop],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(accept, "_PAUSE_S", 0.1)
    failure = "no connection can be accepted: Too many open files"
    with running(loop, None) as served, socket.socket() as late:
        assert served.is_served()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            late.connect(served.address)
            until(lambda: caplog.messages.count(failure) > 1)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        late.settimeout(10)
        assert Served._asked(late).endswith(b"here")
