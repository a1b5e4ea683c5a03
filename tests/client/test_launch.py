"""One server however many look for it; whatever a killed one left behind is got over."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict

import pytest

from modelyard.client.connection import connect
from modelyard.client.launch import find_or_start, log_tail, stop
from modelyard.errors import Conflict, NotFound, Unauthenticated, Unavailable
from modelyard.home import ServerInfo, announce, running_server, server_lock

STALE = ServerInfo("http://127.0.0.1:9", "my_owner_x", 999999, "2020-01-01T00:00:00Z", "0")


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("MODELYARD_URL", "MODELYARD_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MODELYARD_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
    stop(tmp_path / "home")


def test_twenty_processes_that_connect_at_once_start_one_server(home):
    code = "import modelyard; c = modelyard.connect(); print(c.url, c.account['role'])"
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(20)
    ]
    said = [process.communicate(timeout=120)[0].strip() for process in started]
    info = running_server(home)
    assert said == [f"{info.url} owner"] * 20
    log = (home / "server.log").read_text()
    assert log.count("listening at") == 1


def test_the_home_is_its_owners_alone(home):
    home.mkdir(mode=0o755)
    find_or_start(home)
    assert home.stat().st_mode & 0o777 == 0o700
    for name in ("server.json", "token", "server.log", "server.lock", "start.lock"):
        assert (home / name).stat().st_mode & 0o777 == 0o600, name


def test_a_server_that_was_killed_is_replaced_and_its_token_still_good(home):
    before = find_or_start(home)
    os.kill(before.pid, signal.SIGKILL)
    while running_server(home) is not None:
        time.sleep(0.01)
    assert json.loads((home / "server.json").read_text())["pid"] == before.pid
    after = find_or_start(home)
    assert after.pid != before.pid
    assert after.token == before.token
    assert connect().url == after.url


def test_who_connects_while_a_server_is_being_killed_gets_the_next_one(home):
    for _ in range(3):
        before = find_or_start(home)
        os.kill(before.pid, signal.SIGKILL)
        assert connect().account["actor"]
        assert find_or_start(home).pid != before.pid


@pytest.mark.parametrize("left", ["", "{", "[]", "{}", json.dumps(asdict(STALE))])
def test_a_stale_server_json_is_no_server(home, left):
    home.mkdir()
    (home / "server.json").write_text(left)
    (home / "server.lock").write_text(str(STALE.pid))
    assert running_server(home) is None


def test_a_server_that_does_not_yet_say_where_it_is_is_not_taken_for_the_last_one(home):
    home.mkdir()
    announce(home, STALE)
    with server_lock(home):
        assert running_server(home) is None
        announce(home, STALE)  # as if the last one had written it just now
        assert running_server(home) is None


def test_sigterm_ends_it_in_good_order(home):
    info = find_or_start(home)
    assert stop(home) is True
    assert not (home / "server.json").exists()
    assert "the server has ended" in (home / "server.log").read_text()
    assert not (home / "catalog.db-wal").exists()
    assert stop(home) is False
    with pytest.raises(Unavailable):
        connect(info.url, info.token)


def test_a_second_server_for_one_home_is_refused(home):
    info = find_or_start(home)
    run = [sys.executable, "-m", "modelyard.cli.main", "server", "run"]
    second = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert info.url in second.stderr
    assert "Traceback" not in second.stderr
    assert running_server(home) == info
    with pytest.raises(Conflict), server_lock(home):
        pass


def test_a_port_that_is_taken_is_one_clear_error(home, monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv("MODELYARD_PORT", str(port))
        with pytest.raises(Unavailable) as e:
            find_or_start(home)
        assert f"The port {port} of 127.0.0.1 is taken." in e.value.hint
        assert "Traceback" not in e.value.hint
    assert find_or_start(home).url.endswith(f":{port}")


def test_a_start_that_fails_shows_what_it_wrote_itself(home, monkeypatch):
    home.mkdir()
    (home / "server.log").write_text("an earlier start failed\n")
    monkeypatch.setenv("MODELYARD_TLS_KEY", "key.pem")
    with pytest.raises(Unavailable) as e:
        find_or_start(home)
    assert "tls_key is given, and no tls_certificate." in e.value.hint
    assert "earlier" not in e.value.hint
    assert "an earlier start failed" in (home / "server.log").read_text()


def test_the_end_of_a_log_that_was_begun_anew_is_its_own(tmp_path):
    (tmp_path / "server.log").write_text("a\nb\nc\n")
    assert log_tail(tmp_path, 2) == "b\nc"
    assert log_tail(tmp_path, 2, since=4) == "c"
    assert log_tail(tmp_path, since=6) == ""
    assert log_tail(tmp_path, 2, since=100) == "b\nc"


def test_a_wrong_token_is_told_and_the_owners_is_made_anew_when_lost(home):
    info = find_or_start(home)
    with pytest.raises(Unauthenticated):
        connect(info.url, "my_owner_00000000_" + "0" * 49)
    stop(home)
    (home / "token").write_text("rubbish")
    again = find_or_start(home)
    assert again.token != info.token
    assert (home / "token").read_text().strip() == again.token
    assert connect().account["role"] == "owner"


def test_no_token_is_in_the_log(home):
    info = find_or_start(home)
    connection = connect()
    connection.http.json("GET", f"/api/v1/account?token={info.token}")
    with pytest.raises(NotFound):
        connection.http.json("GET", f"/api/v1/{info.token}")
    stop(home)
    assert info.token not in (home / "server.log").read_text()
    assert "<token>" in (home / "server.log").read_text()
