"""The server on a real socket: what callers who send nonsense, or nothing more, are answered."""

import json
import socket
import time

import pytest

from modelyard.client.http import Http
from modelyard.client.launch import find_or_start, stop
from modelyard.errors import Forbidden

OLD = "inferences/db/schema/model/v1/db.schema.service/20200101T000000-12345678.parquet"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("server") / "home"


@pytest.fixture(scope="module")
def server(home):
    old = home / OLD
    old.parent.mkdir(parents=True)
    old.write_bytes(b"x")
    yield find_or_start(home)
    stop(home)


def test_inferences_that_are_too_old_are_removed(server, home):
    patience = time.monotonic() + 60
    while (home / OLD).exists():
        assert time.monotonic() < patience
        time.sleep(0.02)


def _send(server, *lines, body=b"", end=True):
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        head = ["POST /api/v1/sql HTTP/1.1", "host: h", f"authorization: Bearer {server.token}"]
        sock.sendall("\r\n".join([*head, *lines, "", ""]).encode("latin-1") + body)
        if end:
            sock.shutdown(socket.SHUT_WR)
        said = b""
        while piece := sock.recv(65536):
            said += piece
            # The body may come after the head; a connection that is kept has no end to wait for.
            if not end and b"\r\n\r\n" in said and b"connection: close" not in said.lower():
                break
    return said


@pytest.mark.parametrize("length", ["abc", "-5", "1e3", "1, 2"])
def test_a_length_that_is_none_is_refused(server, length):
    assert _send(server, f"content-length: {length}").startswith(b"HTTP/1.1 400 ")


def test_a_body_said_to_be_too_large_is_refused_before_it_is_sent(server):
    said = _send(server, "content-length: 99999999999", end=False)
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in head.lower()
    assert json.loads(body)["error"]["code"] == "too_large"


def test_callers_who_go_away_half_way_harm_nobody(server):
    for _ in range(20):
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as sock:
            head = (
                f"POST /api/v1/sql HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {server.token}\r\n"
            )
            sock.sendall(f"{head}content-length: 100\r\n\r\n{{".encode())
    body = b'{"sql": "SELECT 1 AS a"}'
    said = _send(server, f"content-length: {len(body)}", "connection: close", body=body, end=False)
    assert said.startswith(b"HTTP/1.1 200 ")


def test_a_forwarded_address_is_not_believed(server):
    with Http(server.url, server.token) as http:
        body = {"name": "away", "role": "reader", "networks": ["192.0.2.0/24"]}
        away = http.json("POST", "/api/v1/tokens", body=body)["token"]
        here = {"name": "here", "role": "reader", "networks": ["127.0.0.1"]}
        here = http.json("POST", "/api/v1/tokens", body=here)["token"]
    forwarded = {"x-forwarded-for": "192.0.2.7", "forwarded": "for=192.0.2.7"}
    with Http(server.url, away) as http, pytest.raises(Forbidden, match="from 127.0.0.1"):
        http.json("GET", "/api/v1/account", headers=forwarded)
    with Http(server.url, here) as http:
        assert http.json("GET", "/api/v1/account", headers=forwarded)["role"] == "reader"


def test_an_answer_does_not_say_what_serves_it(server):
    said = _send(server, "content-length: 0", "connection: close", end=False).lower()
    assert b"\r\nserver:" not in said
    assert b"\r\nx-request-id: " in said
