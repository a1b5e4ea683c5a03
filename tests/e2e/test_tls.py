"""The server and a service with a certificate made for the account, at an address that is set, and
the clients that trust it."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from tests.conftest import Server, serving

HOST = "127.0.0.2"
CROWD = "127.0.0.3"
MOST_OF_ONE = 16
TOLD = """
library(modelyard)
conn <- sfr_connect()
reg <- sfr_model_registry(conn)
model <- lm(mpg ~ wt + hp, data = mtcars)
suppressMessages(sfr_log_model(reg, model, "MPG", sample_input = mtcars))
suppressMessages(sfr_deploy_model(reg, "MPG", "V1", service_name = "mpg"))
endpoint <- sfr_service_endpoint(reg, "mpg")
rows <- mtcars[1:3, c("wt", "hp")]
served <- sfr_predict_rest(endpoint, rows, conn = conn)
cat(endpoint$url, identical(served[[1]], unname(predict(model, rows))))
"""


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("tls")
    capped = {"max_connections_per_address": MOST_OF_ONE}
    with serving(home, tls_certificate="account", host=HOST, **capped) as server:
        yield server


@pytest.fixture(scope="module")
def service(secure: Server) -> str:
    url, is_same = secure.r(TOLD).stdout.split()
    assert is_same == "TRUE"
    return url


def test_r_and_python_reach_server_and_service_by_tls(secure: Server, service: str) -> None:
    assert secure.url.startswith(f"https://{HOST}:") and service.startswith(f"https://{HOST}:")
    code = """
import modelyard
from modelyard.client.service import get_service
connection = modelyard.connect()
service = get_service(connection, "mpg")
print(connection.url, "prediction" in str(service.run({"wt": [2.5], "hp": [110.0]})))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=secure.environment, capture_output=True, text=True
    )
    assert done.stdout.split() == [secure.url, "True"], done.stderr


def test_curl_trusts_the_home_s_file_and_nothing_else(secure: Server, service: str) -> None:
    trusting = ["--cacert", str(secure.home / "tls" / "ca.pem")]
    for url in (secure.url, service):
        for more, status, said in ((trusting, 0, b"ok"), ([], 60, b"")):
            done = subprocess.run(["curl", "-s", *more, url + "/livez"], capture_output=True)
            assert (done.returncode, done.stdout) == (status, said)
    with pytest.raises(httpx.HTTPError):
        httpx.get(service.replace("https:", "http:") + "/livez")


def test_only_the_owner_can_read_the_key_and_nobody_can_sign(secure: Server) -> None:
    folder = secure.home / "tls"
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file.name
    assert sorted(f.name for f in folder.iterdir()) == [
        "ca.pem",
        "certificate.pem",
        "key.pem",
        "lock",
    ]
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    assert httpx.get(secure.url + "/livez", verify=context).text == "ok"


def test_another_ca_in_the_environment_is_the_one_that_is_trusted(
    secure: Server, tmp_path: Path
) -> None:
    copied = tmp_path / "ca.pem"
    copied.write_bytes((secure.home / "tls" / "ca.pem").read_bytes())
    elsewhere = {
        **secure.environment,
        "MODELYARD_HOME": str(tmp_path / "none"),
        "MODELYARD_URL": secure.url,
        "MODELYARD_TOKEN": secure.token,
    }
    in_python = [sys.executable, "-c", "import modelyard; print(modelyard.connect().url)"]
    in_r = ["Rscript", "-e", "library(modelyard); invisible(sfr_connect()); cat('connected')"]
    for command in (in_python, in_r):
        for trusts in (True, False):
            environment = {**elsewhere, "MODELYARD_CA": str(copied) if trusts else ""}
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            assert (done.returncode == 0) == trusts, done.stderr


def test_handshakes_that_do_not_end_take_only_the_places_of_their_address(
    secure: Server, service: str
) -> None:
    context = ssl.create_default_context(cafile=str(secure.home / "tls" / "ca.pem"))
    crowded = httpx.HTTPTransport(verify=context, local_address=CROWD)
    urls = (secure.url, service)
    with ExitStack() as held:
        crowds = [[held.enter_context(begun(url)) for _ in range(3 * MOST_OF_ONE)] for url in urls]
        start = time.monotonic()
        for url, crowd in zip(urls, crowds, strict=True):
            assert all(ends(one) for one in crowd[MOST_OF_ONE:])
            assert httpx.get(url + "/livez", verify=context).text == "ok"
            assert not any(ends(one, 0) for one in crowd[:MOST_OF_ONE])
        assert time.monotonic() - start < 5
        for crowd in crowds:
            assert all(ends(one, 15) for one in crowd[:MOST_OF_ONE])
        with httpx.Client(transport=crowded) as client:
            assert [client.get(url + "/livez").text for url in urls] == ["ok", "ok"]


def begun(url: str) -> socket.socket:
    """A connection whose handshake has begun, and goes no further."""
    address = (HOST, httpx.URL(url).port or 0)
    connection = socket.create_connection(address, 5, (CROWD, 0))
    connection.sendall(b"\x16\x03\x01")
    return connection


def ends(connection: socket.socket, timeout_s: float = 5) -> bool:
    """Whether the other side closes it in this time."""
    connection.settimeout(timeout_s)
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
    except (TimeoutError, BlockingIOError):
        return False
