"""The HTTP server of a host."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from modelyard.access.tls import Tls
from modelyard.services.protocols.accept import CappedServer, config_of
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
    config = config_of(
        app, tls, drain_s=drain_s, interface="asgi3", timeout_keep_alive=KEEP_ALIVE_S
    )
    return HostServer(config, settings, refused)
