"""Headers of a request to a service that say two things, or that its body is compressed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.services.test_http import FakeBackend

from modelyard.services.protocols.http import App, Limits

TOKEN, FORM = (b"authorization", b"Bearer good"), (b"content-type", b"application/json")


class Asked:
    """A service's application, called as its server does."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self.backend = FakeBackend()
        self._app = App(self.backend, Limits(1000, 5000, 5.0), threads)

    def post(self, *headers: tuple[bytes, bytes], path: str = "/predict") -> tuple[int, str]:
        """The status of an answer, and its error's code and message."""
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"{}"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": path, "query_string": b""}
        asyncio.run(self._app({**scope, "client": None, "headers": list(headers)}, receive, send))
        error = json.loads(sent[1]["body"]).get("error", {})
        return sent[0]["status"], f"{error.get('code')}: {error.get('message')}"


@pytest.fixture
def asked() -> Iterator[Asked]:
    with ThreadPoolExecutor(1) as threads:
        yield Asked(threads)


@pytest.mark.parametrize("path", ["/predict", "/invocations", "/nothing"])
@pytest.mark.parametrize(
    "twice", [(b"authorization", b"Bearer bad"), TOKEN, (b"content-type", b"text/csv"), FORM]
)
def test_a_header_that_is_there_twice_is_malformed(
    asked: Asked, path: str, twice: tuple[bytes, bytes]
) -> None:
    assert asked.post(TOKEN, FORM)[0] == 200
    for headers in ((TOKEN, FORM, twice), (twice, TOKEN, FORM)):
        status, said = asked.post(*headers, path=path)
        assert status == 400
        assert said == f"malformed_request: The header {twice[0].decode()} is there 2 times."
    assert len(asked.backend.calls) == 1
    assert [(status, code) for _, status, code in asked.backend.told] == [
        (400, "malformed_request")
    ] * 2


def test_another_header_may_be_there_twice(asked: Asked) -> None:
    assert asked.post(TOKEN, FORM, (b"cookie", b"a=1"), (b"cookie", b"b=2"))[0] == 200


@pytest.mark.parametrize("path", ["/predict", "/invocations"])
@pytest.mark.parametrize("coding", ["gzip", "Deflate", "zstd", "identity, br"])
def test_a_body_that_is_compressed_is_refused_by_name(asked: Asked, path: str, coding: str) -> None:
    status, said = asked.post(TOKEN, FORM, (b"content-encoding", coding.encode()), path=path)
    assert status == 415
    assert said.startswith("unsupported_media_type: ") and repr(coding.lower()) in said
    assert asked.backend.calls == []


def test_a_compressed_body_is_not_hidden_behind_one_that_is_not(asked: Asked) -> None:
    plain, packed = (b"content-encoding", b"identity"), (b"content-encoding", b"gzip")
    assert asked.post(TOKEN, FORM, packed, plain)[0] == 415
    assert asked.post(TOKEN, FORM, plain)[0] == 200
