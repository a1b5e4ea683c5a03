"""A server that counts its connections, in all and from each address, from the moment they are
accepted: one whose TLS handshake never ends takes a place as any other does."""

from __future__ import annotations

import asyncio
import errno
import logging
import resource
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, cast

import uvicorn

from modelyard.access.tls import Tls
from modelyard.errors import Overloaded
from modelyard.services.protocols import slow
from modelyard.services.protocols.slow import DeadlineProtocol, Refused, refusal, tell_nobody
from modelyard.settings import Settings

log = logging.getLogger("modelyard.services")

_OTHER_FILES = 1024
_AT_ONCE = 128
"""Connections that are accepted before anything else has its turn."""
_WANT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_PAUSE_S = 1.0
"""After an accept that failed for want of files or memory."""
_HANDSHAKES_S = 1.0
"""So long a server that ends waits for handshakes that have begun."""
_MAPPED = "::ffff:"
"""How an IPv4 address begins where it is shown as an IPv6 one."""


class Caps:
    """How many connections there are, in all and from each address, and how many there may be."""

    def __init__(self, most: int, most_per_address: int) -> None:
        self._most, self._most_per_address = most, most_per_address
        self._of: Counter[str] = Counter()
        self._all = 0

    def enter(self, address: str) -> bool:
        """Whether there is room for one more; if so it is counted until it leaves."""
        if self._all >= self._most or self._of[address] >= self._most_per_address:
            return False
        self._all += 1
        self._of[address] += 1
        return True

    def leave(self, address: str) -> None:
        """One fewer."""
        self._all -= 1
        self._of[address] -= 1
        if not self._of[address]:
            del self._of[address]


class Counted(socket.socket):
    """A connection that has a place until its transport ends, and gives it back once.

    asyncio closes the socket of such a transport; uvloop closes the descriptor and detaches the
    socket from it.
    """

    def __init__(self, accepted: socket.socket, leave: Callable[[], None]) -> None:
        family, kind, proto = accepted.family, accepted.type, accepted.proto
        super().__init__(family, kind, proto, fileno=accepted.detach())
        self._leave: Callable[[], None] | None = leave

    def close(self) -> None:
        """Close it, and give the place back."""
        super().close()
        self._give_back()

    def detach(self) -> int:
        """Leave the descriptor to the caller, and give the place back."""
        fd = super().detach()
        self._give_back()
        return fd

    def _give_back(self) -> None:
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()


class Listener:
    """Accepts the connections of a socket, in the place of the server a loop would make of it."""

    def __init__(
        self, sock: socket.socket, backlog: int, accepted: Callable[[socket.socket, str], None]
    ) -> None:
        self._sock, self._accepted = sock, accepted
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        sock.setblocking(False)
        sock.listen(backlog)
        self._go_on()

    def close(self) -> None:
        """Accept no more; what was accepted stays."""
        if self._pause is not None:
            self._pause.cancel()
        if self._sock.fileno() != -1:
            self._loop.remove_reader(self._sock)
            self._sock.close()

    async def wait_closed(self) -> None:
        """Nothing is left to wait for: the server waits for its connections itself."""

    def _go_on(self) -> None:
        self._loop.add_reader(self._sock, self._accept)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, peer = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as e:
                if e.errno not in _WANT:  # it is this connection's own
                    return
                log.error("no connection can be accepted: %s", e.strerror)
                self._loop.remove_reader(self._sock)
                self._pause = self._loop.call_later(_PAUSE_S, self._go_on)
                return
            self._accepted(connection, str(peer[0]).removeprefix(_MAPPED))


class CappedServer(uvicorn.Server):
    """uvicorn with the caps of the settings, files to be open for as many, and a deadline for
    handshakes and headers; it tells ``refused`` what never becomes a request."""

    def __init__(
        self, config: uvicorn.Config, settings: Settings, refused: Refused = tell_nobody
    ) -> None:
        super().__init__(config)
        _allow_files(settings.max_connections + _OTHER_FILES)
        self._caps = Caps(settings.max_connections, settings.max_connections_per_address)
        self._refused = refused
        self._connecting: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen at these sockets."""
        await super().startup(sockets=[])
        backlog = self.config.backlog
        listeners = [Listener(sock, backlog, self._accepted) for sock in sockets or []]
        self.servers = cast(list[Any], listeners)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, and finish what has begun."""
        for listening in self.servers:
            listening.close()
        if self._connecting:
            await asyncio.wait(self._connecting, timeout=_HANDSHAKES_S)
        await super().shutdown(sockets)

    @property
    def is_connected(self) -> bool:
        """Whether there are connections, or some that are being made."""
        return bool(self.server_state.connections or self._connecting)

    def _accepted(self, connection: socket.socket, address: str) -> None:
        if not self._caps.enter(address):
            self._turn_away(connection)
            return
        counted = Counted(connection, partial(self._caps.leave, address))
        task = asyncio.get_running_loop().create_task(self._connect(counted))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, connection: Counted) -> None:
        tls = self.config.ssl
        # Who is gone, speaks no TLS or is too slow with the handshake is closed by then.
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol,
                connection,
                ssl=tls,
                ssl_handshake_timeout=None if tls is None else slow.HEADERS_DEADLINE_S,
            )
        except OSError:
            connection.close()

    def _protocol(self) -> DeadlineProtocol:
        protocol = DeadlineProtocol(self.config, self.server_state, self.lifespan.state)
        protocol.tell = self._refused
        return protocol

    def _turn_away(self, connection: socket.socket) -> None:
        """Close it at once; one without TLS can be told why."""
        hint = "Close some, or try again shortly."
        error = Overloaded("There are too many connections.", hint=hint)
        answer = refusal(error, self._refused)
        with connection, suppress(OSError):
            if self.config.ssl is None:
                connection.send(answer, socket.MSG_DONTWAIT)


def config_of(app: Any, tls: Tls | None, *, drain_s: int, **more: Any) -> uvicorn.Config:
    """What all our servers are to uvicorn; ``drain_s`` is how long one that ends finishes what has
    begun, in seconds."""
    return uvicorn.Config(
        app,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=drain_s,
        ssl_certfile=None if tls is None else tls.certificate,
        ssl_keyfile=None if tls is None else tls.key,
        **more,
    )


def _allow_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
