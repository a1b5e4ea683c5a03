from __future__ import annotations

import socket

import pytest

from modelyard.errors import InvalidValue, Unavailable
from modelyard.services.port import bind_port


def port_of(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])


def test_the_same_port_is_taken_again_when_it_is_free() -> None:
    with bind_port("") as first:
        port = port_of(first)
    with bind_port("", port) as second:
        assert port_of(second) == port
        with bind_port("", port) as third:
            assert port_of(third) != port


def test_a_range_is_kept_to_and_says_when_it_is_used_up() -> None:
    with bind_port("") as taken:
        port = port_of(taken)
        with pytest.raises(Unavailable, match=str(port)):
            bind_port(str(port))


def test_a_preferred_port_outside_the_range_is_not_taken() -> None:
    with bind_port("") as a, bind_port("") as b:
        free, other = port_of(a), port_of(b)
    with bind_port(str(free), other) as sock:
        assert port_of(sock) == free


@pytest.mark.parametrize("ports", ["any", "1-", "0-5", "8200-8100", "1-70000"])
def test_what_is_no_range_is_refused(ports: str) -> None:
    with pytest.raises(InvalidValue):
        bind_port(ports)
