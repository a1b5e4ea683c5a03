"""Every failing kind leaves in the one envelope, with its request id, and leaks nothing."""

import gzip
import logging

import anyio
import pytest
from fastapi import Depends
from tests.web.envelope import assert_error

from modelyard.access.routes import may
from modelyard.errors import all_errors, from_code
from modelyard.http_status import STATUS

ARROW = "application/vnd.apache.arrow.stream"


def test_every_code_has_a_status():
    assert set(all_errors()) == set(STATUS)


def test_every_error_leaves_with_its_status(app, client):
    read = [Depends(may("account.read"))]

    def fail(code: str) -> None:
        raise from_code(code, "It failed.", "Do this.")

    app.add_api_route("/fail/{code}", fail, dependencies=read)
    for code, status in STATUS.items():
        error = assert_error(client.get(f"/fail/{code}"), status, code)
        assert (error["message"], error["hint"]) == ("It failed.", "Do this.")
    assert "retry-after" in client.get("/fail/unavailable").headers
    assert client.get("/fail/unauthenticated").headers["www-authenticate"] == "Bearer"


def test_an_unexpected_exception_says_nothing_and_logs_everything(app, client, caplog):
    def fail() -> None:
        raise RuntimeError("the password of /etc/secret is hunter2")

    app.add_api_route("/fail", fail, dependencies=[Depends(may("account.read"))])
    with caplog.at_level(logging.INFO):
        answer = client.get("/fail", headers={"x-request-id": "abc-1"})
    assert_error(answer, 500, "internal")
    assert "hunter2" not in answer.text
    logged = [r for r in caplog.records if "abc-1" in r.getMessage() and r.exc_info]
    assert "hunter2" in str(logged[0].exc_info[1])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed_request"),
        (b"[]", 400, "malformed_request"),
        (b'{"sql": NaN}', 400, "malformed_request"),
        (b'{"sql": 1, "sql": 2}', 400, "malformed_request"),
        (b'{"sql": 7}', 422, "invalid_value"),
        (b"{}", 422, "invalid_value"),
        (b'{"sql": "SELECT 1", "database": "no good"}', 422, "invalid_name"),
        (b'{"sql": "SELECT 1", "schema": 7}', 422, "invalid_value"),
        (b'{"sql": "' + b"x" * 100_001 + b'"}', 413, "too_large"),
        (b"[" * 50_000, 413, "too_large"),
    ],
)
def test_a_body_that_cannot_be_used_is_told_so(client, body, status, code):
    assert_error(client.post("/api/v1/sql", content=body), status, code)


def test_a_query_that_cannot_be_used_is_told_so(client):
    error = assert_error(client.get("/api/v1/events?limit=many"), 422, "invalid_value")
    assert error["details"][0]["column"] == "limit"


def test_a_streamed_body_is_cut_at_the_limit(client):
    def pieces():
        for _ in range(1000):
            yield b"x" * 10_000

    answer = client.post("/api/v1/sql", content=pieces())
    assert_error(answer, 413, "too_large")


def test_forms_nobody_reads_are_refused(client):
    put = client.put("/api/v1/tables/t", content=b"x", headers={"content-type": "text/xml"})
    assert_error(put, 415, "unsupported_media_type")
    asked = client.post("/api/v1/sql", json={"sql": "SELECT 1"}, headers={"accept": "text/html"})
    assert_error(asked, 415, "unsupported_media_type")
    put = client.put("/api/v1/tables/t", content=b"x", headers={"content-type": ARROW})
    assert_error(put, 400, "malformed_request")


@pytest.mark.parametrize("path", ["/api/v1/sql", "/api/v1/nothing"])
@pytest.mark.parametrize("name", ["authorization", "content-type"])
def test_a_header_that_is_there_twice_is_malformed(client, tokens, path, name):
    said = {"authorization": f"Bearer {tokens['owner']}", "content-type": "application/json"}
    headers = [*said.items(), (name.title(), said[name])]
    error = assert_error(
        client.post(path, content=b"{}", headers=headers), 400, "malformed_request"
    )
    assert name in error["message"]


def test_a_body_that_is_compressed_is_refused_by_name(client):
    body = b'{"sql": "SELECT 1 AS a"}'
    packed = {"content-encoding": "gzip", "content-type": "application/json"}
    answer = client.post("/api/v1/sql", content=gzip.compress(body), headers=packed)
    assert "'gzip'" in assert_error(answer, 415, "unsupported_media_type")["message"]
    plain = {**packed, "content-encoding": "identity"}
    assert client.post("/api/v1/sql", content=body, headers=plain).status_code == 200


def test_text_in_another_charset_is_refused_by_name(client):
    headers = {"content-type": "application/json; charset=ISO-8859-1"}
    answer = client.put("/api/v1/tables/t", content=b"[]", headers=headers)
    assert "'iso-8859-1'" in assert_error(answer, 415, "unsupported_media_type")["message"]


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "٣"])
def test_a_length_that_is_none_is_malformed(client, length):
    headers = {"content-length": length.encode(), "content-type": "application/json"}
    answer = client.post("/api/v1/sql", content=b"", headers=headers)
    assert_error(answer, 400, "malformed_request")


def test_request_ids_are_taken_over_if_they_are_harmless(client):
    asked = {"good-1.a": True, "has space": False, "x" * 65: False, "a\tb": False}
    for given, kept in asked.items():
        answer = client.get("/api/v1/account", headers={"x-request-id": given})
        assert (answer.headers["x-request-id"] == given) is kept


def test_a_caller_who_goes_away_is_no_error(app, tokens, caplog):
    headers = [(b"authorization", f"Bearer {tokens['owner']}".encode()), (b"host", b"h")]
    scope = {
        "type": "http", "method": "POST", "path": "/api/v1/sql", "raw_path": b"/api/v1/sql",
        "query_string": b"", "headers": headers, "scheme": "http", "server": ("h", 80),
        "client": ("h", 1), "http_version": "1.1", "root_path": "",
    }  # fmt: skip

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        raise AssertionError(message)

    with caplog.at_level(logging.INFO):
        anyio.run(app, scope, receive, send)
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert any("went away" in r.getMessage() for r in caplog.records)


def test_half_a_surrogate_pair_in_a_text_is_the_callers_error(client):
    body = b'{"sql": "select \'\\ud800\'"}'
    answer = client.post("/api/v1/sql", content=body, headers={"content-type": "application/json"})
    assert_error(answer, 422, "invalid_value")
