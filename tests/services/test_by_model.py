"""Any model of the account, by name, version and alias, in every protocol's words."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.services.conftest import SPACE, Yard
from tests.services.doors import CARS, RECORDS, Door

from modelyard.access import SYSTEM, issue_token
from modelyard.names import ModelRef
from modelyard.registry.aliases import set_alias

TENSORS = {
    "inputs": [
        {"name": name, "datatype": "FP64", "shape": [2], "data": cells}
        for name, cells in CARS.items()
    ]
}


@pytest.fixture(scope="module", autouse=True)
def production(yard: Yard) -> None:
    set_alias(yard.account, SYSTEM, ModelRef.parse("MPG/V1", SPACE), "production")


@pytest.fixture(scope="module")
def expected(door: Door) -> list[Any]:
    return door.predictions(RECORDS)


@pytest.mark.parametrize("ref", ["", "/V1", "@production", "@default"])
def test_a_model_answers_by_its_name_version_and_alias(
    account_door: Door, expected: list[Any], ref: str
) -> None:
    path = f"/models/ML_DB.MODELS.MPG{ref}/predict"
    answer = account_door.post(path, json={"data": [[7, 2.5, 110, 4], [8, 3, 150, 6]]})
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-modelyard-version"] == "V1"
    assert answer.json()["data"] == [[i + 7, {"prediction": v}] for i, v in enumerate(expected)]
    records = [{"prediction": value} for value in expected]
    assert account_door.post(path, json=RECORDS).json() == records
    path = f"/models/ML_DB.MODELS.MPG{ref}/invocations"
    assert account_door.post(path, json={"inputs": CARS}).json() == {"predictions": records}
    text = "wt,hp,cyl\n2.5,110,4\n3,150,6\n"
    as_csv = {"content-type": "text/csv"}
    answer = account_door.post(path, content=text, headers=as_csv)
    assert answer.json() == {"predictions": records}


@pytest.mark.parametrize("ref", ["", "@production", "/versions/V1"])
def test_the_account_speaks_the_inference_protocol(
    account_door: Door, expected: list[Any], ref: str
) -> None:
    path = f"/v2/models/ML_DB.MODELS.MPG{ref}"
    found = account_door.post(f"{path}/infer", json=TENSORS)
    assert found.status_code == 200, found.text
    assert (found.json()["model_name"], found.json()["model_version"]) == ("MPG", "V1")
    assert found.json()["outputs"][0]["data"] == expected
    assert account_door.get(path).json()["inputs"][2]["datatype"] == "INT32"
    assert account_door.get(f"{path}/ready").json() == {"name": "MPG", "ready": True}


def test_what_is_not_there_is_said_in_the_words_asked_in(account_door: Door) -> None:
    assert account_door.get("/v2").json()["name"] == "modelyard"
    assert httpx.get(account_door.url + "/v2/health/ready").json() == {"ready": True}
    assert httpx.get(account_door.url + "/v2/health/live").json() == {"live": True}
    for path in ("/v2/models/NONE", "/v2/models/ML_DB.MODELS.MPG@gone", "/v2/nothing"):
        refused = account_door.get(path)
        assert (refused.status_code, set(refused.json())) == (404, {"error"})
    refused = account_door.post("/v2/models/ML_DB.MODELS.MPG/infer", json={"inputs": [3]})
    assert isinstance(refused.json()["error"], str)
    refused = account_door.post("/models/ML_DB.MODELS.NONE/predict", json=RECORDS)
    assert refused.json()["error"]["code"] == "not_found"
    nobody = httpx.post(account_door.url + "/models/ML_DB.MODELS.MPG/predict", json=RECORDS)
    assert nobody.json()["error"]["code"] == "unauthenticated"


def test_a_caller_of_a_model_asks_it_by_its_alias_and_sees_no_more(
    yard: Yard, account_door: Door, expected: list[Any]
) -> None:
    def caller(grant: str) -> Door:
        made = issue_token(yard.account, SYSTEM, name="c", role="caller", grants=[grant])
        return Door(account_door.url, made.secret)

    mine, other = caller("model ML_DB.MODELS.MPG"), caller("model ML_DB.MODELS.TROUBLE")
    path = "/models/ML_DB.MODELS.MPG@production/predict"
    records = [{"prediction": value} for value in expected]
    assert mine.post(path, json=RECORDS).json() == records
    infer = "/v2/models/ML_DB.MODELS.MPG@production/infer"
    assert mine.post(infer, json=TENSORS).json()["outputs"][0]["data"] == expected
    assert other.post(path, json=RECORDS).status_code == 403
    for hidden in ("models", "models/ML_DB.MODELS.MPG", "services", "tokens"):
        assert mine.get(f"/api/v1/{hidden}").status_code == 403
