"""Every path gives R's own bits, or refuses with the documented code: never another number.

``fidelity.R`` fits an lm and a glm with a column of every type, logs and deploys both, and tells
for every case what R's own ``predict()`` gives, and what the local, the in-account and the service
path give. The REST cases are sent from here as raw JSON.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import httpx
import pytest

MODELS = ("lm", "glm")
PATHS = ("local", "account", "service")
REFUSED = {
    "integer_not_whole": "type_mismatch",
    "integer_too_large": "integer_out_of_range",
    "integer_is_r_na": "integer_out_of_range",
    "number_as_text": "type_mismatch",
    "boolean_as_number": "type_mismatch",
    "number_as_boolean": "type_mismatch",
    "unknown_level": "unknown_level",
    "unknown_text": "unknown_level",
    "missing_column": "missing_column",
    "duplicate_column": "duplicate_column",
    "date_as_number": "type_mismatch",
}
GIVEN_WHERE_R_REFUSES = {"na_as_text": ["NA"] * 3, "other_case": "plain", "no_rows": []}
"""What the contract makes usable: the text NA, names in another case, and no rows at all."""
CASES = (
    *REFUSED,
    *GIVEN_WHERE_R_REFUSES,
    "plain",
    "one_row",
    "na_double",
    "na_integer",
    "na_boolean",
    "na_factor",
    "na_string",
    "na_date",
    "nan",
    "infinite",
    "negative_zero",
    "integer_as_double",
    "double_as_integer",
    "factor_as_text",
    "factor_other_levels",
    "factor_dropped_levels",
    "extra_column",
    "other_order",
)
NOT_OF_GLM = {"date_as_number"}
"""The glm has no date column, so the value is an extra column, left out."""


@pytest.fixture(scope="module")
def told(server):
    """(model, case) -> path -> values or code."""
    found = {}
    for line in server.r((Path(__file__).parent / "fidelity.R").read_text()).stdout.splitlines():
        if line.startswith("{"):
            one = json.loads(line)
            found[one["model"][0], one["case"][0]] = one["paths"]
    return found


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("model", MODELS)
def test_a_path_gives_rs_bits_or_refuses(told, model, case, path):
    paths = told[model, case]
    if case in REFUSED and not (model == "glm" and case in NOT_OF_GLM):
        assert paths[path] == {"code": [REFUSED[case]]}
        return
    expected = paths["r"].get("values")
    if expected is None:
        usable = GIVEN_WHERE_R_REFUSES[case]
        expected = told[model, usable]["r"]["values"] if isinstance(usable, str) else usable
    assert paths[path] == {"values": expected}


def test_a_row_alone_is_the_row_of_the_batch(told):
    for model in MODELS:
        for path in PATHS:
            alone, batch = told[model, "one_row"][path], told[model, "plain"][path]
            assert alone["values"] == batch["values"][1:2]


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


def data_form(model: str) -> str:
    columns = list(PLAIN) if model == "lm" else list(PLAIN)[:5]
    return json.dumps({"data": [[i + 5, *(PLAIN[c][i] for c in columns)] for i in range(3)]})


REST_SAME = {
    "plain": records(),
    "integer_as_double": records(k=["raw:1.0", "raw:5.0", "raw:9.0"]),
    "double_as_integer": records(x=["raw:1", "raw:2", "raw:3"]),
    "na_double": records(x=[None, 1, 2]),
    "na_integer": records(k=[None, 1, 2]),
    "na_boolean": records(b=[None, True, False]),
    "na_factor": records(f=[None, "a", "b"]),
    "na_string": records(s=[None, "u", "v"]),
    "na_date": records(d=[None, "2024-01-05", "2024-01-06"]),
    "nan": records(x=["NaN", None, 1]),
    "infinite": records(x=["Inf", "-Inf", 1]),
    "negative_zero": records(x=["raw:-0.0", 0, "raw:5e-324"]),
    "na_as_text": records(x=["NA", "NA", "NA"]),
    "extra_column": records(id=[1, 2, 3]),
    "other_case": json.dumps(
        {"dataframe_records": [{c.upper(): v[i] for c, v in PLAIN.items()} for i in range(3)]}
    ),
    "no_rows": json.dumps({"dataframe_split": {"index": [], "columns": list(PLAIN), "data": []}}),
}
REST_REFUSED = {
    "number_as_text": (records(x=["1", "2", "3"]), "type_mismatch"),
    "boolean_as_number": (records(x=[True, False, True]), "type_mismatch"),
    "number_as_boolean": (records(b=[1, 0, 1]), "type_mismatch"),
    "integer_not_whole": (records(k=[1, 4.5, 9]), "type_mismatch"),
    "integer_too_large": (records(k=[1, 3_000_000_000, 9]), "integer_out_of_range"),
    "integer_is_r_na": (records(k=[1, -(2**31), 9]), "integer_out_of_range"),
    "thirty_digits": (records(k=[1, 10**29, 9]), "integer_out_of_range"),
    "more_than_a_double_holds": (records(x=[2**53 + 1, 1, 2]), "precision_loss"),
    "overflow": (records(x=["raw:1e400", 1, 2]), "invalid_value"),
    "unknown_level": (records(f=["a", "zzz", "b"]), "unknown_level"),
    "unknown_text": (records(s=["u", "w", "u"]), "unknown_level"),
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


@pytest.fixture(scope="module")
def post(server, told):
    """POST a body to a model's service: (status, document)."""
    assert told  # the services are deployed by now
    headers = {"authorization": f'Snowflake Token="{server.token}"'}
    with httpx.Client(headers=headers, timeout=30) as client:
        services = client.get(
            f"{server.url}/api/v1/services?database=FIDELITY&schema=MODELS"
        ).json()["services"]
        urls = {s["name"].removeprefix("fidelity_"): s["url"] for s in services}

        def send(model: str, body: str, query: str = "") -> httpx.Response:
            content = body.encode()
            as_json = {"content-type": "application/json"}
            return client.post(f"{urls[model]}/predict{query}", content=content, headers=as_json)

        yield send


def as_r(value: object) -> float | str:
    """A cell of a JSON answer in the form ``fidelity.R`` prints."""
    if value is None:
        return "NA"
    return value if isinstance(value, str) else float(value)


def of_r(text: str) -> float | str:
    return text if text in ("NA", "NaN", "Inf", "-Inf") else float.fromhex(text)


@pytest.mark.parametrize("case", REST_SAME)
@pytest.mark.parametrize("model", MODELS)
def test_json_gives_rs_bits(post, told, model, case):
    answer = post(model, REST_SAME[case])
    assert answer.status_code == 200, answer.text
    found = [as_r(cells["prediction"]) for _, cells in answer.json()["data"]]
    r = told[model, "plain" if case == "other_case" else case]["r"].get("values")
    expected = GIVEN_WHERE_R_REFUSES[case] if r is None else [of_r(t) for t in r]
    assert found == expected
    assert [math.copysign(1, v) for v in found if v == 0] == [
        math.copysign(1, v) for v in expected if v == 0
    ]


@pytest.mark.parametrize("form", ["split", "data"])
@pytest.mark.parametrize("model", MODELS)
def test_the_other_forms_give_the_same(post, told, model, form):
    body = split() if form == "split" else data_form(model)
    document = post(model, body).json()
    expected = [of_r(t) for t in told[model, "plain"]["r"]["values"]]
    assert [cells["prediction"] for _, cells in document["data"]] == expected
    assert [i for i, _ in document["data"]] == ([0, 1, 2] if form == "split" else [5, 6, 7])


@pytest.mark.parametrize("case", REST_REFUSED)
@pytest.mark.parametrize("model", MODELS)
def test_json_that_does_not_fit_is_refused(post, model, case):
    body, code = REST_REFUSED[case]
    answer = post(model, body)
    assert answer.json()["error"]["code"] == code, answer.text
    assert 400 <= answer.status_code < 500


def test_strict_refuses_what_is_let_pass_otherwise(post):
    extra = post("lm", REST_SAME["extra_column"], "?strict=true")
    assert extra.json()["error"]["code"] == "unexpected_column"
    other_case = post("lm", REST_SAME["other_case"], "?strict=true")
    assert other_case.status_code == 422
    said = post("lm", REST_SAME["other_case"]).headers["x-modelyard-notes"]
    assert "X was used for x" in said


def test_a_refusal_names_column_and_row(post):
    error = post("lm", REST_REFUSED["unknown_level"][0]).json()["error"]
    assert [(d["column"], d["row"]) for d in error["details"]] == [("f", 2)]
    assert "zzz" in error["message"] or "zzz" in error["details"][0]["reason"]
