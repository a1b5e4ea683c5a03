"""A port of this machine's own for a service, the same one as before when it is free."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence

from modelyard.errors import InvalidValue, Unavailable

LOOPBACK = "127.0.0.1"
_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


def bind_port(ports: str, preferred: int = 0) -> socket.socket:
    """A bound loopback socket: ``preferred`` if it is free, else the first free one of ``ports``.

    ``ports`` is ``8100-8199``, one port, or empty for any. ``preferred`` 0 means none.

    Raises:
        InvalidValue: ``ports`` is not a range.
        Unavailable: none of the range is free.
    """
    allowed = _allowed(ports)
    if preferred and (not ports or preferred in allowed):
        allowed = [preferred, *allowed]
    for port in allowed:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # A port whose last connections are still winding down is free.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((LOOPBACK, port))
            sock.listen(2048)
        except OSError:
            sock.close()
            continue
        return sock
    raise Unavailable(
        f"None of the ports {ports} is free.", hint="Widen service_ports, or undeploy a service."
    )


def _allowed(ports: str) -> Sequence[int]:
    if not ports:
        return [0]
    match = _RANGE.fullmatch(ports.strip())
    if match is None:
        raise InvalidValue(f"service_ports is a range such as 8100-8199, not {ports!r}.")
    first, last = int(match[1]), int(match[2] or match[1])
    if not 0 < first <= last < 65536:
        raise InvalidValue(f"service_ports goes up from 1 to at most 65535, not {ports!r}.")
    return range(first, last + 1)
