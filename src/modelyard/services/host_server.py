"""The HTTP server of a host."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import uvicorn

from modelyard.access.tls import Tls
from modelyard.services.protocols.accept import CappedServer
from modelyard.services.protocols.http import App
from modelyard.services.protocols.slow import Refused
from modelyard.settings import Settings

DRAIN_S = 5.0
"""Beside the longest a request may take, when a server ends."""
KEEP_ALIVE_S = 60


class HostServer(CappedServer):
    """A server that leaves signals to the host."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def host_server(app: App, settings: Settings, tls: Tls | None, refused: Refused) -> HostServer:
    """The server of ``app``; ``refused`` is told what never becomes a request of it."""
    drain_s = int(settings.predict_deadline_s + DRAIN_S)
    config = uvicorn.Config(
        app,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=drain_s,
        ssl_certfile=None if tls is None else tls.certificate,
        ssl_keyfile=None if tls is None else tls.key,
    )
    return HostServer(config, settings, refused)
