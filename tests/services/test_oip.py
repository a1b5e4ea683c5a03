"""The Open Inference Protocol of a real service, and a client of it that no one here wrote."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import httpx
import pytest
from tests.services.doors import CARS, RECORDS, Door, peer

INFER = "/v2/models/MPG/infer"
DATATYPES = {"wt": "FP64", "hp": "FP32", "cyl": "INT64"}


def tensor(name: str, datatype: str, data: list[Any], shape: list[int] | None = None) -> Any:
    return {"name": name, "datatype": datatype, "shape": shape or [len(data)], "data": data}


def binary(name: str, datatype: str, size: int) -> Any:
    parameters = {"binary_data_size": size}
    return {"name": name, "datatype": datatype, "shape": [2], "parameters": parameters}


def cars() -> list[Any]:
    return [tensor(name, DATATYPES[name], data) for name, data in CARS.items()]


def refusal(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    return str(answer.json()["error"])


def test_named_tensors_give_the_same_numbers(door: Door) -> None:
    answer = door.post(INFER, json={"id": "r-1", "inputs": cars(), "parameters": {"x": 1}})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "model_name": "MPG",
        "model_version": "V1",
        "id": "r-1",
        "outputs": [tensor("prediction", "FP64", door.predictions(RECORDS))],
    }


@pytest.mark.parametrize("path", ["MPG/versions/V1", "mpg/versions/v1", "ML_DB.MODELS.MPG"])
def test_a_matrix_of_numbers_has_the_signature_s_columns(door: Door, path: str) -> None:
    rows = [list(record.values()) for record in RECORDS]
    flat = [value for row in rows for value in row]
    for data in (rows, flat):
        body = {"inputs": [tensor("input-0", "FP64", data, [2, 3])]}
        answer = door.post(f"/v2/models/{path}/infer", json=body)
        assert answer.status_code == 200, answer.text
        assert "id" not in answer.json()
        assert answer.json()["outputs"][0]["data"] == door.predictions(RECORDS)


def test_a_column_may_be_a_matrix_of_one_column(door: Door) -> None:
    inputs = [{**t, "shape": [2, 1], "data": [[v] for v in t["data"]]} for t in cars()]
    found = door.post(INFER, json={"inputs": inputs}).json()
    assert found["outputs"][0]["data"] == door.predictions(RECORDS)


def test_missing_values_and_numbers_that_json_has_not(other: Door) -> None:
    def ask(x: list[Any], flag: list[Any], outputs: list[str]) -> httpx.Response:
        inputs = [
            tensor("x", "FP64", x),
            tensor("flag", "BOOL", flag),
            tensor("grade", "BYTES", ["low"] * len(x)),
            tensor("day", "BYTES", ["2026-11-27"] * len(x)),
        ]
        wanted = [{"name": name} for name in outputs]
        return other.post("/v2/models/MIXED/infer", json={"inputs": inputs, "outputs": wanted})

    answer = ask([None, "NaN", "-Inf", "NA", -0.0], [True] * 5, ["s", "d"])
    assert answer.status_code == 200, answer.text
    assert answer.json()["outputs"] == [
        tensor("s", "BYTES", ["low!"] * 5),
        tensor("d", "FP64", [None, "NaN", "-Inf", None, 0.0]),
    ]
    assert "-0.0]" in answer.text
    assert ask([1.0], [False], []).json()["outputs"][2] == tensor("b", "BOOL", [False])
    assert ask([1.0], [False], ["i"]).json()["outputs"] == [tensor("i", "INT32", [1])]
    assert "missing values" in refusal(ask([1.0], [None], ["b"]), 422)
    assert "no output 'z'" in refusal(ask([1.0], [True], ["z"]), 422)


@pytest.mark.parametrize(
    ("inputs", "status", "said"),
    [
        (None, 400, "no array of inputs"),
        ([], 400, "no input tensors"),
        (cars()[:2], 422, "cyl"),
        ([*cars(), cars()[0]], 422, "wt"),
        ([{**cars()[0], "datatype": "FP128"}, *cars()[1:]], 400, "datatype"),
        ([{**cars()[0], "shape": [3]}, *cars()[1:]], 400, "product of its shape"),
        ([{**cars()[0], "shape": [-1]}, *cars()[1:]], 400, "shape"),
        ([{**cars()[0], "shape": [2, 1, 1]}, *cars()[1:]], 400, "shape"),
        ([{**cars()[0], "data": [2.5, [3.0]]}, *cars()[1:]], 422, "Value 2"),
        ([{**cars()[0], "data": [[2.5], 3.0]}, *cars()[1:]], 400, "only in part"),
        ([{**cars()[0], "data": [[2.5, 3.0]]}, *cars()[1:]], 400, "'wt' has the shape [2], and"),
        ([{**cars()[0], "datatype": "INT32"}, *cars()[1:]], 422, "not INT32"),
        ([tensor("wt", "BYTES", ["2.5", "3"]), *cars()[1:]], 422, "wt"),
        ([tensor("wt", "FP64", [1.0]), *cars()[1:]], 400, "rows"),
        ([tensor("all", "FP64", [1.0] * 4, [2, 2])], 400, "2 columns, not 3"),
        ([tensor("wt", "FP64", [1.0] * 6, [2, 3])], 400, "3 columns, not one"),
        ([{**cars()[0], "parameters": {"binary_data_size": 16}}, *cars()[1:]], 400, "data twice"),
        ([binary("wt", "FP64", 16), *cars()[1:]], 400, "16 bytes, and 0 follow"),
        ([3], 400, "no name"),
    ],
)
def test_a_wrong_request_is_refused_in_the_protocol_s_words(
    door: Door, inputs: Any, status: int, said: str
) -> None:
    assert said in refusal(door.post(INFER, json={"inputs": inputs}), status)


def in_bytes(door: Door, path: str, asked: dict[str, Any], *blobs: bytes) -> httpx.Response:
    head = json.dumps(asked).encode()
    headers = {"inference-header-content-length": str(len(head))}
    return door.post(path, content=b"".join((head, *blobs)), headers=headers)


def mixed_in_bytes(other: Door, x: bytes, **more: Any) -> httpx.Response:
    n = len(x) // 8
    grade = (struct.pack("<I", 3) + b"low") * n
    inputs = [binary("x", "FP64", len(x)), binary("flag", "BOOL", n)]
    inputs += [binary("grade", "BYTES", len(grade)), tensor("day", "BYTES", ["2026-11-27"] * n)]
    asked = {"inputs": [{**t, "shape": [n]} for t in inputs], **more}
    flag = bytes([1] * (n - 1) + [0])
    answer = in_bytes(other, "/v2/models/MIXED/infer", asked, x, flag, grade)
    assert answer.status_code == 200, answer.text
    return answer


def test_every_kind_of_value_travels_as_bytes(other: Door) -> None:
    x = struct.pack("<2d", 3.0, -0.0)
    as_json = mixed_in_bytes(other, x)
    assert as_json.headers["content-type"] == "application/json"
    told = [t["data"] for t in as_json.json()["outputs"]]
    assert told[2:] == [[True, False], ["low!", "low!"]]

    answer = mixed_in_bytes(other, x, parameters={"binary_data_output": True})
    assert answer.headers["content-type"] == "application/octet-stream"
    length = int(answer.headers["inference-header-content-length"])
    outputs = json.loads(answer.content[:length])["outputs"]
    assert [t["parameters"]["binary_data_size"] for t in outputs] == [16, 8, 2, 16]
    assert not any("data" in t for t in outputs)
    texts = (struct.pack("<I", 4) + b"low!") * 2
    expected = struct.pack("<2d2i", 6.0, -0.0, *told[1]) + bytes([1, 0]) + texts
    assert answer.content[length:] == expected


def test_na_and_what_is_no_number_keep_their_bits(other: Door) -> None:
    na = struct.pack("<Q", 0x7FF00000000007A2)
    x = na + struct.pack("<4d", math.nan, -math.inf, math.inf, 0.1)
    outputs = [{"name": "d", "parameters": {"binary_data": True}}]
    answer = mixed_in_bytes(other, x, outputs=outputs)
    found = answer.content[int(answer.headers["inference-header-content-length"]) :]
    assert found[:8] == na
    assert found[8:16] != na
    assert math.isnan(struct.unpack("<d", found[8:16])[0])
    assert struct.unpack("<3d", found[16:]) == (-math.inf, math.inf, 0.2)
    assert mixed_in_bytes(other, x, outputs=[{"name": "d"}]).json()["outputs"][0]["data"] == [
        None, "NaN", "-Inf", "Inf", 0.2,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "blob", "said"),
    [
        ("FP64", b"1234567", "7 bytes, not 16"),
        ("FP32", bytes(16), "16 bytes, not 8"),
        ("BOOL", b"\1\2", "neither 0 nor 1"),
        ("BYTES", b"\3\0\0\0low", "1 texts, not 2"),
        ("BYTES", b"\3\0\0\0lo", "within a text"),
        ("BYTES", b"\3\0", "within a length"),
        ("BYTES", b"\1\0\0\0\xff\1\0\0\0a", "not UTF-8"),
    ],
)
def test_wrong_bytes_are_refused(door: Door, kind: str, blob: bytes, said: str) -> None:
    asked = {"inputs": [{**binary("wt", kind, len(blob)), "shape": [2]}, *cars()[1:]]}
    assert said in refusal(in_bytes(door, INFER, asked, blob), 400)
    assert "belong to no tensor" in refusal(in_bytes(door, INFER, {"inputs": cars()}, blob), 400)


@pytest.mark.parametrize("length", ["x", "-1", "1e3", "9" * 30])
def test_a_length_that_is_none_is_refused(door: Door, length: str) -> None:
    headers = {"inference-header-content-length": length}
    answer = door.post(INFER, content=b"{}", headers=headers)
    assert "number of bytes" in refusal(answer, 400)


def test_no_rows_have_an_empty_typed_answer(door: Door) -> None:
    inputs = [{**t, "shape": [0], "data": []} for t in cars()]
    found = door.post(INFER, json={"inputs": inputs}).json()
    assert found["outputs"] == [
        {"name": "prediction", "datatype": "FP64", "shape": [0], "data": []}
    ]


def test_the_model_and_the_server_are_described(door: Door, other: Door) -> None:
    assert door.get("/v2").json()["name"] == "modelyard"
    assert door.get("/v2/models/MPG/ready").json() == {"name": "MPG", "ready": True}
    for path in ("/v2/models/MIXED", "/v2/models/MIXED/versions/V1"):
        found = other.get(path).json()
        assert (found["name"], found["versions"]) == ("MIXED", ["V1"])
        assert found["inputs"] == [
            {"name": "x", "datatype": "FP64", "shape": [-1]},
            {"name": "flag", "datatype": "BOOL", "shape": [-1]},
            {"name": "grade", "datatype": "BYTES", "shape": [-1]},
            {"name": "day", "datatype": "BYTES", "shape": [-1]},
        ]
        assert [o["datatype"] for o in found["outputs"]] == ["FP64", "INT32", "BOOL", "BYTES"]
    for life, said in (("live", {"live": True}), ("ready", {"ready": True})):
        assert httpx.get(f"{door.url}/v2/health/{life}").json() == said
    refusal(door.get("/v2/models/OTHER"), 404)
    refusal(door.get("/v2/models/MPG/versions/V2/ready"), 404)
    refusal(door.get("/v2/models/MPG/"), 404)
    refusal(door.get(INFER), 404)
    refusal(httpx.get(door.url + "/v2/models/MPG"), 401)


def test_tritonclient_is_answered(door: Door) -> None:
    code = """
import json, os
from urllib.parse import urlsplit
import numpy
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
token = {"Authorization": "Bearer " + os.environ["TOKEN"]}
client = InferenceServerClient(urlsplit(os.environ["URL"]).netloc)
rows = {
    "wt": numpy.array([2.5, 3.0]),
    "hp": numpy.array([110.0, 150.0], dtype=numpy.float32),
    "cyl": numpy.array([4, 6], dtype=numpy.int32),
}
kinds = {"wt": "FP64", "hp": "FP32", "cyl": "INT32"}
inputs = []
for name, values in rows.items():
    one = InferInput(name, list(values.shape), kinds[name])
    one.set_data_from_numpy(values, binary_data=False)
    inputs.append(one)
in_bytes = [InferInput(name, list(values.shape), kinds[name]) for name, values in rows.items()]
for one, values in zip(in_bytes, rows.values()):
    one.set_data_from_numpy(values)
found = [
    client.is_server_live(), client.is_server_ready(), client.is_model_ready("MPG", headers=token),
    client.get_server_metadata(headers=token)["name"],
    client.get_model_metadata("MPG", "V1", headers=token)["outputs"][0]["datatype"],
]
wanted = [InferRequestedOutput("prediction", binary_data=False)]
for given, outputs in (
    (inputs, wanted), (inputs, None), (in_bytes, [InferRequestedOutput("prediction")]),
    (in_bytes, None), (inputs, [InferRequestedOutput("prediction", binary_data=True)]),
):
    answer = client.infer("MPG", given, outputs=outputs, request_id="r-7", headers=token)
    found.append(answer.as_numpy("prediction").tolist())
found.append(answer.get_response()["id"])
try:
    client.infer("MPG", inputs[:1], headers=token)
except Exception as e:
    found.append(e.message())
print(json.dumps(found))
"""
    found = peer("oip", code, door)
    *answers, request_id, refused = found[5:]
    assert found[:5] == [True, True, True, "modelyard", "FP64"]
    assert answers == [door.predictions(RECORDS)] * 5
    assert request_id == "r-7"
    assert "hp" in refused
