"""What a real service shows of itself: its figures, and its log with the id of each request."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from typing import Any

import httpx
import pyarrow as pa
import pytest
from tests.services.conftest import SPACE, Yard
from tests.services.test_prometheus import Samples, read

from modelyard.access import SYSTEM
from modelyard.services.folder import folder
from modelyard.services.logs import tail_of
from modelyard.services.sql_functions import expand
from modelyard.services.types import Service
from modelyard.services.undeploy import undeploy

TALKS = """function(model, input) {
  if (any(input$x == 13)) stop("thirteen")
  message("R was asked ", paste(input$x, collapse = " "))
  cat("half a line")
  if (any(input$x == 7)) warning("seven is odd")
  data.frame(prediction = 2 * input$x)
}"""


@pytest.fixture(scope="module")
def talks(yard: Yard) -> Service:
    yard.log("TALKS", {"model": "lm(dist ~ speed, cars)", "body": TALKS}, {"x": "double"})
    return yard.deploy("talks", "TALKS/V1", num_workers=1)


def ask(yard: Yard, service: Service, request: str, *x: float | str) -> int:
    records = {"dataframe_records": [{"x": value} for value in x]}
    return yard.post(service, json=records, headers={"x-request-id": request}).status_code


def metrics(yard: Yard, service: Service) -> Samples:
    header = {"authorization": f"Bearer {yard.owner}"}
    said = httpx.get(f"{service.url}/metrics", headers=header)
    assert said.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return read(said.content)


def until(true: Callable[[], bool]) -> None:
    patience = time.monotonic() + 20
    while not true():
        assert time.monotonic() < patience
        time.sleep(0.02)


def test_the_figures_follow_what_was_asked(yard: Yard, talks: Service) -> None:
    def value(name: str, **labels: str) -> float:
        labels = {"version": "V1", "role": "current", **labels}
        return found.get((name, tuple(sorted(labels.items()))), 0.0)

    found = metrics(yard, talks)
    good, failed = (value("modelyard_requests_total", code=c) for c in ("ok", "model_error"))
    wrong, rows = (
        value("modelyard_requests_total", code="type_mismatch"),
        value("modelyard_rows_total"),
    )
    assert ask(yard, talks, "one", 1.0, 2.0, 3.0) == 200
    assert ask(yard, talks, "two", 13.0) == 422
    assert ask(yard, talks, "three", "text") == 422
    found = metrics(yard, talks)
    assert value("modelyard_requests_total", code="ok") == good + 1
    assert value("modelyard_requests_total", code="model_error") == failed + 1
    assert value("modelyard_requests_total", code="type_mismatch") == wrong + 1
    assert value("modelyard_rows_total") == rows + 3
    assert value("modelyard_request_seconds_count") == good + 1
    assert value("modelyard_workers") == 1
    assert found["modelyard_log_dropped_total", (("log", "requests"),)] == 0


def test_figures_are_for_those_who_may_call(talks: Service) -> None:
    assert httpx.get(f"{talks.url}/metrics").status_code == 401


def test_a_request_is_found_in_the_log_by_its_id(yard: Yard, talks: Service) -> None:
    assert ask(yard, talks, "job-7", 7.0, 8.0) == 200
    assert ask(yard, talks, "job-13", 13.0) == 422
    files = folder(yard.account.settings.home, talks.spec.id).log_files

    def said(request: str) -> list[str]:
        return [line for line in tail_of(files, 1000) if f"request {request}: " in line]

    until(lambda: len(said("job-7")) == 4 and said("job-13"))
    lines = " | ".join(said("job-7"))
    assert "V1 scored 2 rows in " in lines
    assert "R warns: seven is odd" in lines
    assert "says: request job-7: R was asked 7 8" in lines
    assert "says: request job-7: half a line" in lines
    assert "model_error" in said("job-13")[0]


def test_what_was_asked_and_answered_is_read_back_by_sql(yard: Yard, talks: Service) -> None:
    def select(what: str) -> list[dict[str, Any]]:
        sql = f"SELECT {what} FROM TABLE(INFERENCE_TABLE('TALKS')) ORDER BY request_id, row"
        asked = expand(yard.account, SYSTEM, sql, SPACE)
        found = yard.account.warehouse.run(asked.sql, SPACE, given=asked.tables)
        assert isinstance(found, pa.Table)
        return list(found.to_pylist())

    assert select("version") == []
    kept = yard.deploy("kept", "TALKS/V1", num_workers=1, autocapture=True)
    assert ask(yard, kept, "a", 1.0, 2.5) == 200
    assert ask(yard, kept, "b", 13.0) == 422
    assert ask(yard, kept, "c", 3.0) == 200
    undeploy(yard.account, SYSTEM, kept.spec.name)  # a host that ends writes what it has
    yard.reconciler.wake()
    until(lambda: len(select("version")) == 3)
    found = select('request_id, row, version, "request.data.x" x, "response.data.prediction" y')
    assert [tuple(row.values()) for row in found] == [
        ("a", 0, "V1", 1.0, 2.0),
        ("a", 1, "V1", 2.5, 5.0),
        ("c", 0, "V1", 3.0, 6.0),
    ]
    assert select("service")[0] == {"service": "ML_DB.MODELS.kept"}
    copy = "CREATE TABLE mine AS SELECT * FROM TABLE(INFERENCE_TABLE('TALKS'))"
    asked = expand(yard.account, SYSTEM, copy, SPACE)
    yard.account.warehouse.run(asked.sql, SPACE, given=asked.tables)
    counted = yard.account.warehouse.run("SELECT count(*) FROM mine", SPACE)
    assert isinstance(counted, pa.Table)
    assert counted.column(0)[0].as_py() == 3


def test_the_log_is_read_by_sql(yard: Yard, talks: Service) -> None:
    asked = expand(yard.account, SYSTEM, "CALL SYSTEM$GET_SERVICE_LOGS('talks', '0')", SPACE)
    found = yard.account.warehouse.run(asked.sql, SPACE, given=asked.tables)
    assert isinstance(found, pa.Table)
    assert "golden rows replayed" in found.column(0)[0].as_py()


def test_the_status_tells_what_the_logs_dropped(yard: Yard, talks: Service) -> None:
    assert yard.show("talks").to_dict()["log_dropped"] == 0
    folder(yard.account.settings.home, talks.spec.id).write_dropped(7)
    assert yard.show("talks").to_dict()["log_dropped"] == 7


def test_a_service_answers_while_its_log_is_stuck(yard: Yard, talks: Service) -> None:
    stuck = yard.deploy("stuck", "TALKS/V1", num_workers=1)
    file = folder(yard.account.settings.home, stuck.spec.id).requests_file
    os.mkfifo(file)  # nobody reads it: whoever opens it to write waits
    assert [ask(yard, stuck, f"s{i}", float(i)) for i in range(5)] == [200] * 5
    assert ask(yard, stuck, "wrong", "text") == 422
    assert httpx.post(f"{stuck.url}/predict", headers={"x-request-id": "who"}).status_code == 401
    port = int(str(stuck.url).rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wrong:
        wrong.sendall(b"no HTTP\r\n\r\n")
        assert wrong.recv(4096).startswith(b"HTTP/1.1 400 ")
    found = metrics(yard, stuck)
    for status in ("422", "401", "400"):
        assert found["modelyard_error_answers_total", (("status", status),)] == 1
    reader = os.open(file, os.O_RDONLY)
    try:
        said = b""
        while b"request who: " not in said:
            said += os.read(reader, 4096)
        assert b"request wrong: type_mismatch: " in said
        assert b"request s4: V1 scored " in said
    finally:
        os.close(reader)
    assert ask(yard, stuck, "after", 1.0) == 200
