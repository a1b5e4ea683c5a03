"""The service process: ``python -m modelyard.services.host <folder>/spec.json``.

It outlives the server that started it. It ends when it is told to (SIGTERM: it finishes what it
has begun, then goes), or when it cannot become ready, and says why in ``host.json``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import logging.handlers
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from modelyard.account import Account, close_account, open_account
from modelyard.errors import Internal, ModelyardError
from modelyard.services.folder import Folder, HostFile, started
from modelyard.services.port import LOOPBACK, bind_port
from modelyard.services.protocols.http import App, Limits
from modelyard.services.protocols.slow import DeadlineProtocol
from modelyard.services.served import Served
from modelyard.services.types import HELD, HostState, ServiceSpec
from modelyard.settings import Settings, read_settings

log = logging.getLogger("modelyard.services")

FINAL = frozenset({"not_found", "verification_failed", "missing_package", "model_rejected"})
"""Codes of failures that another try will only meet again."""

_LOCK_TRIES, _LOCK_PAUSE_S = 20, 0.1
_TICK_S = 0.5
_DRAIN_S = 5.0
_LOG_BYTES = 8 * 2**20
_THREADS = 8


class Host:
    """One run of a service process: its folder, its wish and what it says of itself."""

    def __init__(self, folder: Folder, spec: ServiceSpec, settings: Settings) -> None:
        self._folder = folder
        self._spec = spec
        self._settings = _for_service(settings, spec)
        before = folder.read_host()
        self._preferred_port = 0 if before is None else before.port
        pid = os.getpid()
        self._said = HostFile(pid, started(pid) or "", spec.generation, HostState.STARTING)
        self._fault: ModelyardError | None = None

    def run(self) -> int:
        """Serve until told to stop; the exit status."""
        self._say(HostState.STARTING, port=self._preferred_port)
        try:
            with bind_port(self._settings.service_ports, self._preferred_port) as sock:
                port = sock.getsockname()[1]
                self._say(HostState.STARTING, port=port, url=f"http://{LOOPBACK}:{port}")
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

    def _serve_on(self, sock: socket.socket) -> None:
        account = open_account(self._settings)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve(account, sock))
        finally:
            close_account(account)

    async def _serve(self, account: Account, sock: socket.socket) -> None:
        settings = self._settings
        threads = ThreadPoolExecutor(_THREADS)
        served = Served(account, self._spec, threads)
        limits = Limits(
            settings.max_json_bytes, settings.max_body_bytes, settings.predict_deadline_s
        )
        server = _server(App(served, limits, threads), settings)
        loop = asyncio.get_running_loop()

        def end() -> None:
            log.info("told to stop: finishing what has begun")
            served.end()
            server.should_exit = True

        loop.add_signal_handler(signal.SIGTERM, end)
        beside = [
            loop.create_task(work)
            for work in (self._load(served, server), self._tell(served), served.follow())
        ]
        try:
            await server.serve(sockets=[sock])
            await served.close()
        finally:
            for task in beside:
                task.cancel()
            threads.shutdown(wait=False, cancel_futures=True)

    async def _load(self, served: Served, server: uvicorn.Server) -> None:
        """Become ready, or end the server with the reason."""
        begun = time.monotonic()
        try:
            rows = await served.load()
        except ModelyardError as e:
            self._fault = e
        except Exception:
            log.exception("loading failed")
            self._fault = Internal("The version cannot be loaded; the service's log says why.")
        else:
            took = time.monotonic() - begun
            log.info("ready after %.1f s: %d golden rows replayed", took, rows)
            self._say(*served.state(), isolation=served.isolation)
            return
        server.should_exit = True

    async def _tell(self, served: Served) -> None:
        """Keep ``host.json`` true."""
        while True:
            await asyncio.sleep(_TICK_S)
            state, cause = served.state()
            if (state, cause) != (self._said.state, self._said.cause):
                self._say(state, cause)

    def _say(self, state: HostState, cause: str | None = None, **more: Any) -> None:
        self._said = replace(self._said, state=state, cause=cause, **more)
        try:
            self._folder.write_host(self._said)
        except OSError as e:
            # A full disk must not end a service that can still answer.
            log.error("host.json cannot be written: %s", e.strerror)


class _Server(uvicorn.Server):
    """A server that leaves signals to the host."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _server(app: App, settings: Settings) -> uvicorn.Server:
    drain_s = int(settings.predict_deadline_s + _DRAIN_S)
    config = uvicorn.Config(
        app,
        http=DeadlineProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=drain_s,
    )
    return _Server(config)


def _for_service(settings: Settings, spec: ServiceSpec) -> Settings:
    """The account's settings with what the deploy said."""
    options = spec.options
    return replace(
        settings,
        max_workers=options.num_workers or settings.max_workers,
        predict_deadline_s=options.deadline_s or settings.predict_deadline_s,
    )


def _take_lock(folder: Folder) -> int | None:
    """The lock, for the life of this process.

    The server takes it for a moment to see whether it is held, so one refusal says little.
    """
    for _ in range(_LOCK_TRIES):
        if (fd := folder.lock()) is not None:
            return fd
        time.sleep(_LOCK_PAUSE_S)
    return None


class HostLog(logging.handlers.RotatingFileHandler):
    """The host's log, in which all that it and its workers say on stderr lands too."""

    def _open(self) -> TextIOWrapper:
        stream = super()._open()
        os.fchmod(stream.fileno(), 0o600)
        for said in (1, 2):
            os.dup2(stream.fileno(), said)
        return stream


def log_to(file: Path, most_bytes: int = _LOG_BYTES) -> None:
    """Send every message to ``file``; at most so many bytes of it, and as many again, are kept."""
    handler = HostLog(file, maxBytes=most_bytes, backupCount=1, encoding="utf-8")
    form = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    handler.setFormatter(form)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # What they say at INFO the host says better.
    for chatty in ("alembic", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def main(arguments: list[str]) -> int:
    """Run one host; ``arguments`` is the path of its ``spec.json``."""
    # A terminal that closes, or Ctrl-C in it, is no reason to end.
    for ignored in (signal.SIGHUP, signal.SIGINT):
        signal.signal(ignored, signal.SIG_IGN)
    folder = Folder(Path(arguments[0]).parent)
    try:
        log_to(folder.log_file)
        held = _take_lock(folder)
        if held is None:
            log.warning("another host of this service is running")
            return HELD
        return Host(folder, folder.read_spec(), read_settings()).run()
    except (OSError, ValueError, KeyError) as e:
        log.error("there is no service to run here: %s", type(e).__name__)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
