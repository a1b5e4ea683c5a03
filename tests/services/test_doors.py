"""A service in the words of other protocols: a real host, and clients that no one here wrote."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from tests.services.doors import CARS, RECORDS, Door, peer


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": list(CARS), "data": [[2.5, 110.0, 4], [3.0, 150.0, 6]]}},
        {"dataframe_records": RECORDS},
        {"instances": RECORDS},
        {"instances": [[2.5, 110.0, 4], [3.0, 150.0, 6]]},
        {"inputs": CARS},
        {"inputs": {name: [[v] for v in cells] for name, cells in CARS.items()}},
        {"inputs": RECORDS},
    ],
    ids=lambda body: next(iter(body)),
)
def test_mlflow_s_forms_give_the_same_numbers(door: Door, body: dict[str, Any]) -> None:
    answer = door.post("/invocations", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-modelyard-version"] == "V1"
    expected = [{"prediction": value} for value in door.predictions(RECORDS)]
    assert answer.json() == {"predictions": expected}


def test_csv_is_read_by_the_contract_s_types(door: Door, other: Door) -> None:
    as_csv = {"content-type": "text/csv; charset=utf-8"}
    text = "cyl,wt,hp,id\n4,2.5,110,a\n6,3,1.5e2,b\n8,,93,c\n"
    answer = door.post("/invocations", content=text.encode(), headers=as_csv)
    assert answer.status_code == 200, answer.text
    rows = [row["prediction"] for row in answer.json()["predictions"]]
    assert rows == [*door.predictions(RECORDS), None]
    text = 'x,flag,grade,day\r\n-0,TRUE,low,1970-01-02\r\n1,false,"high",1970-01-01\r\n'
    found = other.post("/invocations", content=text.encode(), headers=as_csv).json()
    assert str(found["predictions"][0]["d"]) == "-0.0"
    assert [(r["b"], r["s"]) for r in found["predictions"]] == [(True, "low!"), (False, "high!")]
    for wrong, status in (("wt,hp,cyl\n1,2\n", 400), ("", 400), ("wt,hp,cyl\nx,1,4\n", 422)):
        refused = door.post("/invocations", content=wrong.encode(), headers=as_csv)
        assert refused.status_code == status, refused.text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"instances": RECORDS, "inputs": CARS}, "malformed_request"),
        ({"instances": RECORDS, "params": {"type": "response"}}, "malformed_request"),
        ({"inputs": {"wt": [1.0], "hp": [1.0, 2.0], "cyl": [4]}}, "malformed_request"),
        ({"inputs": {}}, "malformed_request"),
        ({"inputs": 3}, "malformed_request"),
        ({"instances": [[1.0, 2.0]]}, "malformed_request"),
        ({"instances": [{"wt": 1.0, "hp": 2.0}]}, "missing_column"),
        ({"inputs": {**CARS, "cyl": [4, 6.5]}}, "type_mismatch"),
    ],
)
def test_mlflow_s_forms_pass_the_one_contract(door: Door, body: Any, code: str) -> None:
    refused = door.post("/invocations", json=body)
    assert refused.json()["error"]["code"] == code, refused.text


def test_mlflow_s_own_client_is_answered(door: Door) -> None:
    code = """
import json, os
import pandas, requests
from urllib.parse import urlsplit
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
# The client has no place for a token, so its session adds it.
send = requests.Session.send
def with_token(self, request, **more):
    request.headers["Authorization"] = "Bearer " + os.environ["TOKEN"]
    return send(self, request, **more)
requests.Session.send = with_token
at = urlsplit(os.environ["URL"])
client = ScoringServerClient(at.hostname, at.port)
client.wait_server_ready()
rows = pandas.DataFrame({"wt": [2.5, 3.0], "hp": [110.0, 150.0], "cyl": [4, 6]})
frame = client.invoke(rows).get_predictions()
matrix = client.invoke(rows.to_numpy()).get_predictions()
print(json.dumps([client.get_version(), list(frame["prediction"]), list(matrix["prediction"])]))
"""
    version, frame, matrix = peer("mlflow", code, door)
    assert version == door.get("/version").text
    assert frame == matrix == door.predictions(RECORDS)


def test_an_array_of_records_is_answered_by_one_as_vetiver_s_clients_expect(door: Door) -> None:
    expected = [{"prediction": value} for value in door.predictions(RECORDS)]
    assert door.post("/predict", json=RECORDS).json() == expected
    # Text for a missing number, as R's client writes it; and no content type.
    text = json.dumps([{**RECORDS[0], "wt": "NA"}])
    headers = {"content-type": ""}
    assert door.post("/predict", content=text, headers=headers).json() == [{"prediction": None}]
    code = """
import json, os
import pandas, requests
rows = pandas.DataFrame({"wt": [2.5, 3.0], "hp": [110.0, 150.0], "cyl": [4, 6]})
token = {"Authorization": "Bearer " + os.environ["TOKEN"]}
url = os.environ["URL"] + "/predict"
answer = requests.post(url, data=rows.to_json(orient="records"), headers=token)
print(json.dumps(list(pandas.DataFrame.from_dict(answer.json())["prediction"])))
"""
    assert peer("mlflow", code, door) == door.predictions(RECORDS)
    metadata = door.get("/metadata").json()
    assert (metadata["version"], metadata["required_pkgs"]) == ("V1", [])
    assert httpx.get(door.url + "/ping").json() == {"status": "online"}
