"""What only JSON can say: its forms, and bodies that are refused before they are rows.

The cases of rows are those of the zoo, ``test_zoo.py``; here the zoo's lm is served with a
predictor of every type.
"""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

ZOO = Path(__file__).parents[1] / "zoo"
DEPLOY = """
for (file in c("entry.R", "everytype.R")) source(file.path("{zoo}", file))
lm <- zoo$lm_every_type
model <- lm$fit()
reg <- modelyard::sfr_model_registry(modelyard::sfr_connect(), "JSON", "MODELS")
modelyard::sfr_log_model(
  reg, model, "LM", sample_input = lm$rows, input_cols = modelyard::sfr_input_cols(lm$rows)
)
modelyard::sfr_deploy_model(reg, "LM", "V1", service_name = "lm_json")
rows <- data.frame(
  x = c(0.1, -1.5, 1 / 3), k = c(1L, 5L, 9L), b = c(TRUE, FALSE, TRUE), f = c("a", "c", "b"),
  s = c("u", "v", "u"), d = as.Date(c("2024-01-05", "2024-02-29", "1969-12-31")),
  t = as.POSIXct(
    c("2024-01-01 12:00:00", "2024-03-31 02:30:00", "2023-12-31 23:59:59"), tz = "UTC"
  )
)
cat("R:", sprintf("%a", predict(model, rows)), "\n")
"""


@pytest.fixture(scope="module")
def plain(server):
    """What R's own predict() gives for PLAIN; the model is served by now."""
    done = server.r(DEPLOY.replace("{zoo}", str(ZOO)))
    said = next(line for line in done.stdout.splitlines() if line.startswith("R:"))
    return [float.fromhex(text) for text in said.split()[1:]]


@pytest.fixture(scope="module")
def post(server, plain):
    """POST a body to the service."""
    headers = {"authorization": f'Snowflake Token="{server.token}"'}
    with httpx.Client(headers=headers, timeout=30) as client:
        found = client.get(f"{server.url}/api/v1/services/JSON.MODELS.lm_json").json()

        def send(body: str, query: str = "") -> httpx.Response:
            as_json = {"content-type": "application/json"}
            url = f"{found['url']}/predict{query}"
            return client.post(url, content=body.encode(), headers=as_json)

        yield send


PLAIN = {
    "x": [0.1, -1.5, 1 / 3],
    "k": [1, 5, 9],
    "b": [True, False, True],
    "f": ["a", "c", "b"],
    "s": ["u", "v", "u"],
    "d": ["2024-01-05", "2024-02-29", "1969-12-31"],
    "t": ["2024-01-01T12:00:00Z", "2024-03-31T02:30:00", "2024-01-01T01:59:59+02:00"],
}


def records(**changed: object) -> str:
    """PLAIN as records with some columns changed; ``raw:`` text goes into the JSON as it is."""
    columns = PLAIN | changed
    rows = [{c: v[i] for c, v in columns.items() if i < len(v)} for i in range(3)]
    text = json.dumps({"dataframe_records": rows})
    for value in (v for column in columns.values() for v in column):
        if isinstance(value, str) and value.startswith("raw:"):
            text = text.replace(json.dumps(value), value.removeprefix("raw:"))
    return text


def split() -> str:
    columns = list(PLAIN)
    data = [[PLAIN[c][i] for c in columns] for i in range(3)]
    return json.dumps({"dataframe_split": {"index": [0, 1, 2], "columns": columns, "data": data}})


def numbered() -> str:
    return json.dumps({"data": [[i + 5, *(v[i] for v in PLAIN.values())] for i in range(3)]})


FORMS = {"records": records(), "split": split(), "data": numbered()}
OTHER_CASE = json.dumps(
    {"dataframe_records": [{c.upper(): v[i] for c, v in PLAIN.items()} for i in range(3)]}
)
REFUSED = {
    "integer_is_r_na": (records(k=[1, -(2**31), 9]), "integer_out_of_range"),
    "thirty_digits": (records(k=[1, 10**29, 9]), "integer_out_of_range"),
    "more_than_a_double_holds": (records(x=[2**53 + 1, 1, 2]), "precision_loss"),
    "overflow": (records(x=["raw:1e400", 1, 2]), "invalid_value"),
    "nul_in_text": (records(s=["u\0", "v", "u"]), "invalid_value"),
    "lone_surrogate": (records(s=['raw:"\\ud800"', "v", "u"]), "invalid_value"),
    "nested": (records(x=[[1], 1, 2]), "type_mismatch"),
    "missing_column": (
        json.dumps({"dataframe_records": [{"x": 1.0, "b": True, "f": "a", "s": "u"}]}),
        "missing_column",
    ),
    "duplicate_key": ('{"dataframe_records": [{"x": 1, "x": 2}]}', "duplicate_column"),
    "nan_literal": (records(x=["raw:NaN", 1, 2]), "invalid_value"),
    "not_json": ("{", "malformed_request"),
    "empty": ("", "malformed_request"),
    "no_form": ('{"rows": []}', "malformed_request"),
    "too_wide": (
        json.dumps({"dataframe_records": [{f"c{i}": 1 for i in range(10_001)}]}),
        "too_large",
    ),
    "too_deep": ('{"dataframe_records": ' + "[" * 40 + "]" * 40 + "}", "too_large"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_rs_bits(post, plain, form):
    data = post(FORMS[form]).json()["data"]
    assert [cells["prediction"] for _, cells in data] == plain
    assert [i for i, _ in data] == ([5, 6, 7] if form == "data" else [0, 1, 2])


@pytest.mark.parametrize("case", REFUSED)
def test_json_that_does_not_fit_is_refused(post, case):
    body, code = REFUSED[case]
    answer = post(body)
    assert answer.json()["error"]["code"] == code, answer.text
    assert 400 <= answer.status_code < 500


def test_strict_refuses_what_is_let_pass_otherwise(post):
    extra = post(records(id=[1, 2, 3]), "?strict=true")
    assert extra.json()["error"]["code"] == "unexpected_column"
    assert post(OTHER_CASE, "?strict=true").status_code == 422
    said = post(OTHER_CASE).headers["x-modelyard-notes"]
    assert "X was used for x" in said


def test_a_refusal_names_column_and_row(post):
    error = post(records(f=["a", "zzz", "b"])).json()["error"]
    assert [(d["column"], d["row"]) for d in error["details"]] == [("f", 2)]
    assert "zzz" in error["message"] or "zzz" in error["details"][0]["reason"]
