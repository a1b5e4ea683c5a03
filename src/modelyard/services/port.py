"""An address for a service: that of the server, with the port it had before when that is free."""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Sequence

from modelyard.errors import InvalidValue, Unavailable
from modelyard.settings import ANYWHERE

LOOPBACK = "127.0.0.1"
_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


def bind_port(ports: str, preferred: int = 0, host: str = LOOPBACK) -> socket.socket:
    """A socket that listens at ``host``: at ``preferred`` if it is free, else at the first free one
    of ``ports``.

    ``ports`` is ``8100-8199``, one port, or empty for any. ``preferred`` 0 means none.

    Raises:
        InvalidValue: ``ports`` is not a range.
        Unavailable: none of the range is free, or ``host`` is not of this machine.
    """
    allowed = _allowed(ports)
    if preferred and (not ports or preferred in allowed):
        allowed = [preferred, *allowed]
    for port in allowed:
        try:
            return _listening(host, port)
        except OSError as e:
            if e.errno != errno.EADDRINUSE and not isinstance(e, PermissionError):
                raise Unavailable(f"A service cannot listen at {host}: {e}.") from e
    raise Unavailable(
        f"None of the ports {ports} is free.", hint="Widen service_ports, or undeploy a service."
    )


def _listening(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        # A port whose last connections are still winding down is free.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(2048)
    except OSError:
        sock.close()
        raise
    return sock


def reached_at(host: str) -> str:
    """How an address names a machine that listens at ``host``.

    >>> reached_at("10.0.0.7"), reached_at("fd00::7")
    ('10.0.0.7', '[fd00::7]')
    """
    if host in ANYWHERE:
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


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
