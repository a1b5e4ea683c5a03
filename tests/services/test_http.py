"""The host's HTTP on a real uvicorn, in front of a backend that loads no model."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvicorn

from modelyard.access import body
from modelyard.access.bearer import read_authorization
from modelyard.errors import (
    Forbidden,
    MemoryLimit,
    MissingColumn,
    ModelTimeout,
    Overloaded,
    Unauthenticated,
    WorkerCrashed,
)
from modelyard.scoring.frames import ARROW, JSON, RDS, Answer, Call
from modelyard.services.port import bind_port
from modelyard.services.protocols import slow
from modelyard.services.protocols.http import App, Limits
from modelyard.services.protocols.slow import DeadlineProtocol

GOOD = {"authorization": "Bearer good"}


@dataclass
class FakeBackend:
    """Answers with what it was called with, or does what the body says."""

    is_ready: bool = True
    calls: list[Call] = field(default_factory=list)
    told: list[tuple[str, int, str]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    gone: Callable[[], bool] = lambda: False

    def authorise(self, authorization: bytes, client: str | None) -> None:
        secret = read_authorization(authorization.decode() or None)
        if secret == "other":
            raise Forbidden("Not this one.")
        if secret != "good":
            raise Unauthenticated("No.")

    async def answer(
        self, call: Call, request_id: str, until: float, is_gone: Callable[[], bool]
    ) -> Answer:
        self.calls.append(call)
        self.gone = is_gone
        match bytes(call.body):
            case b"crash":
                raise WorkerCrashed("It died.")
            case b"hang":
                raise ModelTimeout("It hung.")
            case b"memory":
                raise MemoryLimit("It ate.")
            case b"column":
                raise MissingColumn("No disp.", hint="Add it.")
            case b"bug":
                raise RuntimeError("/srv/secret/place")
            case b"full":
                raise Overloaded("Too many requests are waiting already.")
            case b"wait":
                while not (self.gate.is_set() or is_gone()):
                    await asyncio.sleep(0.01)
        said = json.dumps({"id": request_id, "strict": call.strict}).encode()
        return Answer(said, call.answer_form, "V2", "same", ("note €",), ("warned",))

    def refused(self, request_id: str, status: int, code: str, message: str) -> None:
        self.told.append((request_id, status, code))

    def describe(self) -> dict[str, Any]:
        return {"name": "svc"}

    async def metrics(self) -> bytes:
        return b"modelyard_rows_total 7.0\n"


@dataclass
class Served:
    backend: FakeBackend
    url: str
    address: tuple[str, int]

    def get(self, path: str, **more: Any) -> httpx.Response:
        return httpx.get(self.url + path, **more)

    def post(self, path: str = "/predict", **more: Any) -> httpx.Response:
        return httpx.post(self.url + path, **{"headers": GOOD, **more})


@pytest.fixture
def served() -> Iterator[Served]:
    backend = FakeBackend()
    with bind_port("") as sock, ThreadPoolExecutor(3) as threads:
        app = App(backend, Limits(1000, 5000, 5.0), threads)
        config = uvicorn.Config(
            app, http=DeadlineProtocol, lifespan="off", log_config=None, server_header=False
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[sock])))
        thread.start()
        address = sock.getsockname()
        yield Served(backend, f"http://127.0.0.1:{address[1]}", address)
        backend.gate.set()
        server.should_exit = True
        thread.join()


def error(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status
    envelope = response.json()["error"]
    assert set(envelope) == {"code", "message", "hint", "details", "request_id"}
    assert envelope["code"] == code
    assert envelope["request_id"] == response.headers["x-request-id"]
    return dict(envelope)


def test_life_and_readiness_are_open_and_say_nothing_else(served: Served) -> None:
    assert served.get("/livez").text == "ok"
    assert served.get("/readyz").text == "ok"
    served.backend.is_ready = False
    assert served.get("/livez").text == "ok"
    unready = served.get("/readyz")
    assert (unready.status_code, unready.text) == (503, "not ready")
    for path in ("/ping", "/health", "/v2/health/ready"):
        assert served.get(path).status_code == 503
    assert served.get("/v2/health/live").json() == {"live": True}
    refused = error(served.post(content=b"{}"), 503, "unavailable")
    assert refused["hint"] == "Try again shortly."


@pytest.mark.parametrize(
    "path",
    ["/", "/predict", "/nothing", "/livez/", "/invocations", "/metadata", "/version", "/v2x"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_everything_else_needs_a_token(served: Served, path: str, method: str) -> None:
    response = httpx.request(method, served.url + path)
    error(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/v2", "/v2/", "/v2/models/MPG", "/v2/models/MPG/infer"])
def test_the_inference_protocol_needs_a_token_and_says_so_in_its_words(
    served: Served, path: str
) -> None:
    for method in ("GET", "POST"):
        refused = httpx.request(method, served.url + path)
        assert (refused.status_code, set(refused.json())) == (401, {"error"})
        assert refused.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_an_open_path_is_open_for_reading_only(served: Served, method: str) -> None:
    error(httpx.request(method, served.url + "/livez"), 401, "unauthenticated")
    error(httpx.request(method, served.url + "/livez", headers=GOOD), 404, "not_found")


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Bearer good", 200),
        ('Snowflake Token="good"', 200),
        ("Bearer bad", 401),
        ("Bearer other", 403),
        ("Basic Z29vZA==", 401),
        ("good", 401),
        ("", 401),
    ],
)
def test_a_token_comes_in_either_form(served: Served, authorization: str, status: int) -> None:
    response = served.post(content=b"{}", headers={"authorization": authorization})
    assert response.status_code == status
    assert len(served.backend.calls) == (status == 200)


def test_an_unknown_path_and_a_wrong_method_answer_in_the_envelope(served: Served) -> None:
    error(served.post("/predict-proba", content=b"{}"), 404, "not_found")
    wrong = served.get("/predict", headers=GOOD)
    error(wrong, 404, "not_found")
    assert "POST" in wrong.json()["error"]["message"]


def test_an_answer_names_its_version_and_its_request(served: Served) -> None:
    response = served.post(
        "/predict?strict=true", content=b"{}", headers={**GOOD, "x-request-id": "r-7"}
    )
    assert response.headers["x-modelyard-version"] == "V2"
    assert response.headers["x-request-id"] == "r-7"
    assert response.json() == {"id": "r-7", "strict": True}
    assert json.loads(response.headers["x-modelyard-notes"]) == ["note €"]
    assert json.loads(response.headers["x-modelyard-warnings"]) == ["warned"]
    assert served.get("/", headers=GOOD).json() == {"name": "svc"}


def test_a_request_id_that_could_break_a_log_is_replaced(served: Served) -> None:
    response = served.post(content=b"{}", headers={**GOOD, "x-request-id": "a b;c"})
    assert len(response.headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    ("sent", "accept", "form", "answered"),
    [
        (None, None, JSON, JSON),
        ("application/json; charset=utf-8", "*/*", JSON, JSON),
        (RDS, None, RDS, RDS),
        (ARROW, JSON, ARROW, JSON),
        (JSON, ARROW, JSON, ARROW),
    ],
)
def test_the_headers_say_the_forms(
    served: Served, sent: str | None, accept: str | None, form: str, answered: str
) -> None:
    headers = {k: v for k, v in (("content-type", sent), ("accept", accept)) if v}
    response = served.post(content=b"{}", headers={**GOOD, **headers})
    assert response.headers["content-type"] == answered
    assert (served.backend.calls[0].form, served.backend.calls[0].answer_form) == (form, answered)


def test_a_form_nobody_reads_is_refused(served: Served) -> None:
    for header in ("content-type", "accept"):
        response = served.post(content=b"{}", headers={**GOOD, header: "text/csv"})
        error(response, 415, "unsupported_media_type")
    error(served.post(data={"a": "b"}), 415, "unsupported_media_type")
    error(served.post("/predict?strict=perhaps", content=b"{}"), 400, "malformed_request")
    assert served.backend.calls == []


def test_a_body_that_is_too_large_is_refused_by_its_form(served: Served) -> None:
    error(served.post(content=b"x" * 1001), 413, "too_large")
    error(served.post(content=iter([b"x" * 600, b"x" * 600])), 413, "too_large")
    binary = {**GOOD, "content-type": RDS}
    assert served.post(content=b"x" * 1001, headers=binary).status_code == 200
    error(served.post(content=b"x" * 5001, headers=binary), 413, "too_large")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"crash", 502, "worker_crashed"),
        (b"hang", 504, "model_timeout"),
        (b"memory", 422, "memory_limit"),
        (b"column", 422, "missing_column"),
    ],
)
def test_a_fault_costs_its_own_request_a_clear_error(
    served: Served, body: bytes, status: int, code: str
) -> None:
    error(served.post(content=body), status, code)
    assert served.post(content=b"{}").status_code == 200


def test_a_fault_of_ours_says_nothing_internal(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        response = served.post(content=b"bug")
    error(response, 500, "internal")
    assert "secret" not in response.text
    assert response.headers["x-request-id"] in caplog.text
    assert "/srv/secret/place" in caplog.text


def test_beyond_the_places_to_wait_requests_are_turned_away(served: Served) -> None:
    refused = served.post(content=b"full")
    error(refused, 429, "overloaded")
    assert refused.headers["retry-after"] == "1"


def test_a_caller_that_went_away_is_known_and_harms_nobody(served: Served) -> None:
    head = b"POST /predict HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\ncontent-length: 4\r\n\r\n"
    with socket.create_connection(served.address, timeout=10) as impatient:
        impatient.sendall(head + b"wait")
        until(lambda: bool(served.backend.calls))
        assert not served.backend.gone()
    until(served.backend.gone)
    assert served.post(content=b"{}").status_code == 200


def until(true: Callable[[], bool]) -> None:
    patience = time.monotonic() + 10
    while not true() and time.monotonic() < patience:
        time.sleep(0.01)
    assert true()


def test_a_connection_that_says_nothing_is_closed(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow, "HEADERS_DEADLINE_S", 0.05)
    for begun in (b"", b"POST /predict HT", b"POST /predict HTTP/1.1\r\nhost: x\r\nx-a: "):
        with socket.create_connection(served.address, timeout=10) as idle:
            idle.sendall(begun)
            assert idle.recv(1) == b""


def test_headers_without_an_end_are_refused(served: Served) -> None:
    with socket.create_connection(served.address, timeout=10) as endless:
        endless.sendall(b"GET /livez HTTP/1.1\r\nx-a: " + b"a" * (slow.MOST_HEADER_BYTES + 1))
        assert endless.recv(4096).startswith(b"HTTP/1.1 400 ")


def test_a_body_that_does_not_come_ends_its_request(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "DEADLINE_S", 0.05)
    head = b"POST /predict HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\ncontent-length: 9\r\n\r\n"
    with socket.create_connection(served.address, timeout=10) as half:
        half.sendall(head + b"{")
        assert half.recv(4096).startswith(b"HTTP/1.1 400 ")
    assert served.backend.calls == []


@pytest.mark.parametrize(
    "said", [b"hello there\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9.9\r\n\r\n"]
)
def test_what_is_no_http_is_told_so_in_the_envelope(served: Served, said: bytes) -> None:
    with socket.create_connection(served.address, timeout=10) as wrong:
        wrong.sendall(said)
        answer = b"".join(iter(lambda: wrong.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["error"]["code"] == "malformed_request"


def test_every_error_is_told_with_its_status(served: Served) -> None:
    answers = [served.post(headers={}), served.post("/nowhere"), served.post(content=b"x" * 1001)]
    answers += [served.post(content=body) for body in (b"full", b"bug", b"{}")]
    assert [answer.status_code for answer in answers] == [401, 404, 413, 429, 500, 200]
    told = [(answer.headers["x-request-id"], answer.status_code) for answer in answers[:-1]]
    assert [(request, status) for request, status, _ in served.backend.told] == told
