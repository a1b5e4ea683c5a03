"""A model that draws lots: known from log time on, each request seeded from its id."""

from __future__ import annotations

import httpx
import pytest
from tests.conftest import run_r

from modelyard.runtime.base import seed_of

LOG = """
body <- function(model, input) input$x + stats::rnorm(nrow(input))
reg <- modelyard::sfr_model_registry(modelyard::sfr_connect(), "LOTS", "MODELS")
modelyard::sfr_log_model(
  reg, list(), "NOISY", predict_body = modelyard::sfr_predict_body(body),
  input_cols = list(x = "double"), sample_input = data.frame(x = c(1, 2, 3, 4))
)
"""


@pytest.fixture(scope="module")
def ask(server):
    server.r(LOG)
    headers = {"authorization": f"Bearer {server.token}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=30) as client:
        path = "/api/v1/models/LOTS.MODELS.NOISY"
        checks = client.get(f"{path}/versions/V1").json()["checks"]
        assert (checks["deterministic"], checks["row_independent"]) == (False, False)

        def predict(request_id: str) -> list[float]:
            rows = {"dataframe_records": [{"x": 1.0}, {"x": 2.0}, {"x": 3.0}]}
            answer = client.post(
                f"{path}/predict", json=rows, headers={"x-request-id": request_id}
            ).raise_for_status()
            return [cells["prediction"] for _, cells in answer.json()["data"]]

        yield predict


def test_one_request_id_is_one_answer(ask):
    assert ask("job-7") == ask("job-7")
    assert ask("job-7") != ask("job-8")


def test_an_answer_can_be_replayed_in_plain_r(ask):
    told = run_r(f"set.seed({seed_of('job-9')}); cat(sprintf('%a', 1:3 + rnorm(3)))")
    assert ask("job-9") == [float.fromhex(text) for text in told.split()]
