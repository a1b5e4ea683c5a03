"""The service process: ``python -m modelyard.services.host <folder>/spec.json``.

It outlives the server that started it. It ends when it is told to (SIGTERM: it finishes what it
has begun, then goes), or when it cannot become ready, and says why in ``host.json``.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvloop

from modelyard import __version__
from modelyard.access.tls import tls_of
from modelyard.account import Account, close_account, open_account
from modelyard.errors import Internal, ModelyardError
from modelyard.services.folder import Folder, HostFile, started
from modelyard.services.handover import Given, given, hand_over
from modelyard.services.host_log import log_to
from modelyard.services.host_server import DRAIN_S, KEEP_ALIVE_S, HostServer, host_server
from modelyard.services.options import limited
from modelyard.services.port import bind_port, reached_at
from modelyard.services.protocols.http import App, Limits
from modelyard.services.records import Records
from modelyard.services.served import Served
from modelyard.services.types import HELD, HostState, ServiceSpec
from modelyard.settings import Settings, read_settings

log = logging.getLogger("modelyard.services")

FINAL = frozenset({"not_found", "verification_failed", "missing_package", "model_rejected"})
"""Codes of failures that another try will only meet again."""

_LOCK_TRIES, _LOCK_PAUSE_S = 20, 0.1
_TICK_S = 0.5
_COUNT_S = 2.0
_THREADS = 8
_YOUNG_OBJECTS = 10_000
"""Objects made since the collector looked for rings among them last."""


class Host:
    """One run of a service process: its folder, its wish and what it says of itself."""

    def __init__(
        self, folder: Folder, spec: ServiceSpec, settings: Settings, lock: int, before: Given | None
    ) -> None:
        self._folder = folder
        self._spec = spec
        self._account_settings = settings
        self._lock = lock
        self._before = before
        said = folder.read_host()
        self._preferred_port = 0 if said is None else said.port
        pid = os.getpid()
        self._said = HostFile(
            pid,
            started(pid) or "",
            spec.generation,
            HostState.STARTING,
            port=self._preferred_port,
            code=__version__,
        )
        self._is_quiet = before is not None
        """While another process answers for this service, it tells how it is."""
        self._good: ServiceSpec | None = None
        """The wish and version that are kept as good."""
        self._can_write = True
        """Whether what was to be kept in the folder last could be."""
        self._fault: ModelyardError | None = None
        self._changing = asyncio.Lock()
        """Held while a wish is taken up or the service handed over."""
        self._taking_up = spec.generation
        """The generation of the wish that was taken up last, or tried to."""

    def run(self) -> int:
        """Serve until told to stop; the exit status."""
        self._say(HostState.STARTING)
        try:
            with self._socket() as sock:
                self._serve_on(sock)
        except ModelyardError as e:
            self._fault = e
        except Exception:
            log.exception("the host failed")
            self._fault = Internal("The host failed; its log says how.")
        if self._fault is None:
            log.info("ended as told")
            return 0
        log.error("cannot serve: %s: %s", self._fault.code, self._fault.message)
        self._say(HostState.FAILED, self._fault.message, final=self._fault.code in FINAL)
        return 1

    def _socket(self) -> socket.socket:
        before, settings = self._before, self._account_settings
        if before:
            sock = before.sock
        else:
            sock = bind_port(settings.service_ports, self._preferred_port, settings.host)
        host, port = sock.getsockname()[:2]
        scheme = "https" if settings.tls_certificate else "http"
        self._say(HostState.STARTING, port=port, url=f"{scheme}://{reached_at(host)}:{port}")
        return sock

    def _serve_on(self, sock: socket.socket) -> None:
        account = open_account(limited(self._account_settings, self._spec.options))
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve(account, sock))
        finally:
            close_account(account)

    async def _serve(self, account: Account, sock: socket.socket) -> None:
        threads = ThreadPoolExecutor(_THREADS)
        records = Records.of(self._folder)
        records.start()
        served = Served(account, self._spec, threads, records)
        app = App(served, self._limits(), threads)
        tls = tls_of(account.settings, account.now())
        server = host_server(app, account.settings, tls, served.refused)
        loop = asyncio.get_running_loop()
        running: set[asyncio.Task[None]] = set()

        def begin(work: Coroutine[Any, Any, None]) -> None:
            task = loop.create_task(work)
            running.add(task)
            task.add_done_callback(running.discard)

        def end() -> None:
            log.info("told to stop: finishing what has begun")
            served.end()
            app.closes = server.should_exit = True

        loop.add_signal_handler(signal.SIGTERM, end)
        loop.add_signal_handler(signal.SIGHUP, lambda: begin(self._reload(served, app)))
        loop.add_signal_handler(
            signal.SIGUSR2, lambda: begin(self._hand_over(served, app, server, sock))
        )
        for work in (self._tell(served), self._count(records), served.follow()):
            begin(work)
        try:
            if self._before is None:
                begin(self._load(served, server))
            else:
                # The one before takes the connections of the socket that is now both's.
                await self._load(served, server)
            if not server.should_exit:
                await server.serve(sockets=[sock])
            await served.close()
        finally:
            for task in list(running):
                task.cancel()
            threads.shutdown(wait=False, cancel_futures=True)
            records.close()

    def _limits(self) -> Limits:
        settings = limited(self._account_settings, self._spec.options)
        return Limits(settings.max_json_bytes, settings.max_body_bytes, settings.predict_deadline_s)

    def _limit(self, served: Served, spec: ServiceSpec) -> None:
        settings = limited(self._account_settings, spec.options)
        served.limit(settings.worker_memory_bytes, settings.worker_cpus)

    async def _load(self, served: Served, server: HostServer) -> None:
        """Become ready, or end the server with the reason."""
        begun = time.monotonic()
        try:
            rows = await self._loaded(served)
        except ModelyardError as e:
            self._fault = e
        except Exception:
            log.exception("loading failed")
            self._fault = Internal("The version cannot be loaded; the service's log says why.")
        else:
            took = time.monotonic() - begun
            log.info("ready after %.1f s: %d golden rows replayed", took, rows)
            # What is there now stays: looking through all of it again would stop every request
            # for tens of milliseconds.
            gc.freeze()
            gc.set_threshold(_YOUNG_OBJECTS)
            self._is_quiet = False
            self._say_how(served, isolation=served.isolation)
            if self._before is not None:
                # The one before was told of the moves of the alias since this one looked.
                await served.look()
                self._say_how(served)
                self._before.say_ready()
            return
        server.should_exit = True

    async def _loaded(self, served: Served) -> int:
        """The wish; or, where it or what its alias means is no good, what answered last."""
        wish = self._spec
        try:
            return await served.adopt(wish)
        except ModelyardError as e:
            good = self._folder.read_good()
            if good is None or (good.generation, wish.alias) == (wish.generation, None):
                raise
            log.exception("what is wanted is no good; going on with what was before")
            self._limit(served, good)
            rows = await served.adopt(good, good.version)
            if good.generation == wish.generation:
                served.behind = f"{good.version} goes on: {e}"
            else:
                served.trouble = f"What is wanted is no good; {good.version} goes on."
                self._said = replace(
                    self._said, generation=good.generation, refused=wish.generation
                )
            self._spec = good
            return rows

    async def _reload(self, served: Served, app: App) -> None:
        """Take up the wish of now, if it is a new one and good, and look at the alias."""
        served.ask()
        async with self._changing:
            spec = self._folder.read_spec()
            if spec.generation != self._taking_up and not app.closes:
                await self._take_up(spec, served, app)

    async def _take_up(self, spec: ServiceSpec, served: Served, app: App) -> None:
        self._taking_up = spec.generation
        log.info("a new wish: %s %s", spec.model, spec.version)
        try:
            self._limit(served, spec)
            rows = await served.adopt(spec)
        except Exception as e:
            self._limit(served, self._spec)
            if isinstance(e, ModelyardError):
                log.error("it is no good: %s: %s", e.code, e.message)
            else:
                log.exception("it cannot be taken up")
                served.trouble = "What is wanted cannot be served; the service's log says why."
            self._say_how(served, refused=spec.generation)
            return
        log.info("%s %s answers now: %d golden rows replayed", spec.model, spec.version, rows)
        self._spec = spec
        app.limits = self._limits()
        self._say_how(served, generation=spec.generation, refused=0)

    async def _hand_over(
        self, served: Served, app: App, server: HostServer, sock: socket.socket
    ) -> None:
        """Let a new process go on; this one ends when its connections have gone."""
        async with self._changing:
            if app.closes:
                return
            is_taken = await self._passed_on(sock)
            app.closes = app.closes or is_taken
        if not is_taken:
            log.error("the next host did not become ready; this one goes on")
            self._is_quiet = False
            self._say_how(served)
            return
        os.close(self._lock)  # from now on the other's alone
        for listening in server.servers:
            listening.close()
        await served.look()  # who stays connected gets what the next host answers
        log.info("handed over: answering what is connected")
        patience = time.monotonic() + KEEP_ALIVE_S + DRAIN_S
        while server.is_connected and time.monotonic() < patience:
            await asyncio.sleep(_TICK_S)
        server.should_exit = True

    async def _passed_on(self, sock: socket.socket) -> bool:
        log.info("told to hand over")
        self._is_quiet = True
        try:
            return await hand_over(self._folder, sock, self._lock)
        except OSError as e:
            log.error("the next host cannot be started: %s", e)
            return False

    async def _tell(self, served: Served) -> None:
        """Keep ``host.json`` true, whoever else writes or removes it."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(served.looked.wait(), _TICK_S)
            said = self._said
            is_told = served.state() == (said.state, said.cause) and not served.looked.is_set()
            if not is_told or not (self._is_quiet or self._is_kept(served)):
                served.looked.clear()
                self._say_how(served)

    async def _count(self, records: Records) -> None:
        """Keep what its logs dropped; in a thread, for a dead disk may be why."""
        told = -1
        while True:
            dropped = sum(records.dropped().values())
            if dropped != told and not self._is_quiet:
                with contextlib.suppress(OSError):
                    await asyncio.to_thread(self._folder.write_dropped, dropped)
                    told = dropped
            await asyncio.sleep(_COUNT_S)

    def _say_how(self, served: Served, **more: Any) -> None:
        edition = served.edition
        version = "" if edition is None else edition.version.name
        self._say(*served.state(), version=version, followed=served.followed, **more)
        good = _good_of(served)
        if good is None or good == self._good or self._is_quiet:
            return
        if self._wrote(lambda: self._folder.write_good(good)):
            self._good = good

    def _is_kept(self, served: Served) -> bool:
        return self._folder.read_host() == self._said and self._good == _good_of(served)

    def _say(self, state: HostState, cause: str | None = None, **more: Any) -> None:
        self._said = replace(self._said, state=state, cause=cause, **more)
        if not self._is_quiet:
            self._wrote(lambda: self._folder.write_host(self._said))

    def _wrote(self, write: Callable[[], None]) -> bool:
        """Whether it could be written: a full disk must not end a service that can still answer,
        nor be told all the time."""
        try:
            write()
        except OSError as e:
            if self._can_write:
                log.error("what the host says of itself cannot be written: %s", e.strerror)
            self._can_write = False
            return False
        self._can_write = True
        return True


def _good_of(served: Served) -> ServiceSpec | None:
    """What to go on with should a later wish be no good: the wish, and the version that answers."""
    edition = served.edition
    return None if edition is None else replace(served.spec, version=edition.version.name)


def _take_lock(folder: Folder) -> int | None:
    """The lock, for the life of this process.

    The server takes it for a moment to see whether it is held, so one refusal says little.
    """
    for _ in range(_LOCK_TRIES):
        if (fd := folder.lock()) is not None:
            return fd
        time.sleep(_LOCK_PAUSE_S)
    return None


def main(arguments: list[str]) -> int:
    """Run one host; ``arguments`` is the path of its ``spec.json``."""
    # Ctrl-C in the terminal is no reason to end, nor is a signal that comes early.
    for ignored in (signal.SIGHUP, signal.SIGINT, signal.SIGUSR2):
        signal.signal(ignored, signal.SIG_IGN)
    folder = Folder(Path(arguments[0]).parent)
    try:
        log_to(folder.log_file)
        before = given()
        lock = _take_lock(folder) if before is None else before.lock
        if lock is None:
            log.warning("another host of this service is running")
            return HELD
        return Host(folder, folder.read_spec(), read_settings(), lock, before).run()
    except (OSError, ValueError) as e:
        log.error("there is no service to run here: %s", type(e).__name__)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
