"""Errors of the server become ours; everything else between here and there is Unavailable."""

import httpx
import pytest

from modelyard.client.http import Http
from modelyard.errors import Internal, NotFound, TypeMismatch, Unavailable


def _http(answer):
    return Http("http://x/", "secret", httpx.MockTransport(answer))


def test_a_token_goes_with_every_request_and_is_not_shown():
    def answer(request):
        assert request.headers["authorization"] == "Bearer secret"
        return httpx.Response(200, json={"a": 1})

    http = _http(answer)
    assert http.json("GET", "/x") == {"a": 1}
    assert "secret" not in repr(http)


def test_an_error_keeps_its_code_message_hint_and_details():
    sent = TypeMismatch("No.").envelope("r")
    sent["error"] |= {"hint": "Do.", "details": [{"column": "a", "row": 2, "reason": "text"}]}
    with pytest.raises(TypeMismatch) as e:
        _http(lambda _: httpx.Response(422, json=sent)).json("GET", "/x")
    assert (e.value.message, e.value.hint) == ("No.", "Do.")
    assert (e.value.details[0].column, e.value.details[0].row) == ("a", 2)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[]", b'{"error": 1}', b'{"error": {}}'])
def test_an_answer_that_is_not_ours_is_one_clear_error(body):
    with pytest.raises(Internal, match="502"):
        _http(lambda _: httpx.Response(502, content=body)).json("GET", "/x")


@pytest.mark.parametrize(
    "fault", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError]
)
def test_no_answer_is_unavailable(fault):
    def answer(request):
        raise fault("x")

    with pytest.raises(Unavailable, match="http://x"):
        _http(answer).json("GET", "/x")


def test_an_address_nobody_is_at_is_unavailable():
    with pytest.raises(Unavailable):
        Http("http://127.0.0.1:9", "t").json("GET", "/x")
    with pytest.raises(Unavailable):
        Http("http://[", "t").json("GET", "/x")


def test_an_upload_tells_how_far_it_is(tmp_path):
    file = tmp_path / "big"
    file.write_bytes(b"x" * 3_000_000)
    got, told = [], []

    def answer(request):
        got.append(len(request.read()))
        return httpx.Response(201, json={"digest": "d", "size_bytes": got[0]})

    assert _http(answer).upload(file, lambda *seen: told.append(seen)) == "d"
    assert got == [3_000_000]
    assert told[-1] == (3_000_000, 3_000_000)
    assert len(told) > 2


def test_a_failed_download_is_an_error_not_a_file(tmp_path):
    error = NotFound("No.").envelope()
    with (tmp_path / "f").open("wb") as target, pytest.raises(NotFound):
        _http(lambda _: httpx.Response(404, json=error)).download("/x", {}, target)
    assert (tmp_path / "f").read_bytes() == b""
