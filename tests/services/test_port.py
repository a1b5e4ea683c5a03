from __future__ import annotations

import socket

import pytest

from modelyard.errors import InvalidValue, Unavailable
from modelyard.services.port import bind_port, reached_at


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


def test_a_service_listens_where_it_is_told_and_nowhere_else() -> None:
    with bind_port("", host="127.0.0.2") as sock:
        with socket.create_connection(("127.0.0.2", port_of(sock)), timeout=5):
            pass
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port_of(sock)), timeout=5)


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(Unavailable, match=r"192\.0\.2\.1"):
        bind_port("", host="192.0.2.1")


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_who_listens_everywhere_is_reached_by_the_name_of_the_machine(host: str) -> None:
    assert reached_at(host) == socket.gethostname()
