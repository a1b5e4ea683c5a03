"""Requests that are asked as one call, at a real service: none suffers from another's rows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
from tests.services.conftest import Yard

DAYS = """function(model, input) {
  Sys.sleep(0.05)
  data.frame(prediction = as.Date(floor(input$x), "1970-01-01"))
}"""


def test_a_date_that_json_cannot_hold_fails_its_own_request_only(yard: Yard) -> None:
    yard.log("DAYS", {"model": "lm(dist ~ speed, cars)", "body": DAYS}, {"x": "double"}, "date")
    service = yard.deploy("days", "DAYS/V1", num_workers=1)
    headers = {"authorization": f"Bearer {yard.owner}"}

    def ask(x: float) -> httpx.Response:
        body = {"data": [[0, x]]}
        return httpx.post(f"{service.url}/predict", json=body, headers=headers, timeout=30)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, [1e9 if i % 8 == 3 else float(i % 8) for i in range(64)]))
    for i, answer in enumerate(answers):
        if i % 8 == 3:
            assert answer.status_code == 422
            assert "outside the years 1 to 9999" in answer.json()["error"]["message"]
        else:
            assert answer.json() == {"data": [[0, {"prediction": f"1970-01-0{1 + i % 8}"}]]}
    found = httpx.get(f"{service.url}/metrics", headers=headers).text
    calls = 'modelyard_call_requests_bucket{le="1.0",role="current",version="V1"}'
    alone = float(next(line for line in found.splitlines() if line.startswith(calls)).split()[-1])
    assert alone < 64  # some were joined, or this says nothing


BAD = """function(model, input) {
  Sys.sleep(0.05)
  for (x in input$x[input$x >= 100]) warning("bad value ", x)
  input$x * 2
}"""


def test_a_warning_of_a_joined_call_goes_to_whose_rows_it_is_of(yard: Yard) -> None:
    yard.log("BAD", {"model": "lm(dist ~ speed, cars)", "body": BAD}, {"x": "double"}, "double")
    service = yard.deploy("bad", "BAD/V1", num_workers=1)
    headers = {"authorization": f"Bearer {yard.owner}"}

    def ask(x: float) -> httpx.Response:
        body = {"data": [[0, x]]}
        return httpx.post(f"{service.url}/predict", json=body, headers=headers, timeout=30)

    xs = [100.0 + i if i % 16 == 3 else float(i % 8) for i in range(64)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, xs))
    for x, answer in zip(xs, answers, strict=True):
        assert answer.json() == {"data": [[0, {"prediction": 2 * x}]]}
        said = answer.headers.get("x-modelyard-warnings", "")
        assert (f"bad value {x:g}" in said) if x >= 100 else not said
