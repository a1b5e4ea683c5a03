"""The account's server process: its lock, its port, its log, and an end in good order."""

from __future__ import annotations

import contextlib
import errno
import logging
import logging.handlers
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

import modelyard
from modelyard.access import SYSTEM, authenticate, issue_token
from modelyard.access.tls import tls_of
from modelyard.account import Account, close_account, open_account
from modelyard.errors import ModelyardError, Unauthenticated, Unavailable
from modelyard.home import ServerInfo, announce, prepare_home, server_lock, write_private
from modelyard.services.protocols.accept import CappedServer, config_of
from modelyard.services.reconcile import Reconciler
from modelyard.services.retention import Retention
from modelyard.settings import Settings
from modelyard.web.app import create_app

log = logging.getLogger("modelyard.web")

_LOG_BYTES, _LOG_FILES = 8 * 2**20, 3
_DRAIN_S = 10
_TOKEN = re.compile(r"\bmy_[a-z]+_[0-9A-Za-z]{8}_[0-9A-Za-z]+")


def run_server(settings: Settings, on_ready: Callable[[ServerInfo], None] | None = None) -> None:
    """Serve the account of these settings until SIGTERM, SIGINT or a call to shut down.

    ``on_ready`` is called once the port is bound, the app takes requests and ``server.json`` says
    so.

    Raises:
        Conflict: another server runs for this home.
        Unavailable: the port is taken, or the home cannot be used.
    """
    home = prepare_home(settings.home)
    with _logging(home / "server.log"):
        try:
            with server_lock(home), _bound(settings) as sock, _account(settings) as account:
                _serve(settings, account, sock, on_ready)
        except ModelyardError as e:
            log.error("the server ends: %s", e)
            raise
        except Exception:
            log.exception("the server ends")
            raise


def _serve(
    settings: Settings,
    account: Account,
    sock: socket.socket,
    on_ready: Callable[[ServerInfo], None] | None,
) -> None:
    end = _End()
    app = create_app(account, end)
    app.state.reconciler = reconciler = Reconciler(account)
    tls = tls_of(settings, account.now())
    info = ServerInfo(
        url=_url(sock, tls is not None),
        token=_owners_token(account, settings.home / "token"),
        pid=os.getpid(),
        started_at=account.now().isoformat(timespec="seconds").replace("+00:00", "Z"),
        version=modelyard.__version__,
    )
    config = config_of(app, tls, drain_s=_DRAIN_S)

    def ready() -> None:
        app.state.is_ready = True
        announce(settings.home, info)
        log.info("listening at %s, pid %d, version %s", info.url, info.pid, info.version)
        if on_ready is not None:
            on_ready(info)

    end.server = server = _Server(config, settings, ready)
    reconciler.start()
    retention = Retention(settings, account.now)
    retention.start()
    try:
        with _signals_survived():
            server.run(sockets=[sock])
    finally:
        app.state.is_ready = False
        retention.stop()
        reconciler.stop(hosts=end.with_services)
        log.info("the server has ended")


class _Server(CappedServer):
    """A server which says when it is ready."""

    def __init__(
        self, config: uvicorn.Config, settings: Settings, ready: Callable[[], None]
    ) -> None:
        super().__init__(config, settings)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()


class _End:
    """How the app ends the server it runs in."""

    server: uvicorn.Server | None = None
    with_services = False

    def __call__(self, services: bool) -> None:
        self.with_services = services
        if self.server is not None:
            self.server.should_exit = True


@contextmanager
def _signals_survived() -> Iterator[None]:
    """uvicorn stops at a signal, then raises it once more; this process has to clean up first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _account(settings: Settings) -> Iterator[Account]:
    account = open_account(settings)
    try:
        yield account
    finally:
        close_account(account)


@contextmanager
def _bound(settings: Settings) -> Iterator[socket.socket]:
    """A socket at the address of the settings, not yet listening."""
    sock = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    with sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((settings.host, settings.port))
        except (OSError, OverflowError) as e:
            taken = isinstance(e, OSError) and e.errno == errno.EADDRINUSE
            raise Unavailable(
                f"The port {settings.port} of {settings.host} is taken."
                if taken
                else f"The server cannot listen at {settings.host}:{settings.port}: {e}.",
                hint="Set port to a free one, or to 0 for any free one.",
            ) from e
        yield sock


def _url(sock: socket.socket, is_tls: bool) -> str:
    host, port = sock.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http{'s' if is_tls else ''}://{shown}:{port}"


def _owners_token(account: Account, file: Path) -> str:
    """The owner's token, kept across restarts; a new one where it is missing or no longer good."""
    with contextlib.suppress(OSError, UnicodeDecodeError, Unauthenticated):
        kept = file.read_text(encoding="utf-8").strip()
        if authenticate(account, kept, None).role == "owner":
            file.chmod(0o600)
            return kept
    issued = issue_token(account, SYSTEM, name="owner", role="owner")
    write_private(file, issued.secret + "\n")
    return issued.secret


class _NoTokens(logging.Formatter):
    """A token that finds its way into a message, or a traceback, leaves it here."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without tokens."""
        return _TOKEN.sub("<token>", super().format(record))


@contextmanager
def _logging(file: Path) -> Iterator[None]:
    handler = logging.handlers.RotatingFileHandler(
        file, maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8"
    )
    file.chmod(0o600)
    handler.setFormatter(_NoTokens("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    # They say at INFO what the web's own line says better.
    for chatty in ("httpx", "httpcore", "alembic", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()
