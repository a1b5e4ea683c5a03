"""The registry over HTTP: each route once, what each answers, and who may."""

from __future__ import annotations

import hashlib
import json
from functools import partial

import pytest
from starlette.testclient import TestClient
from tests.registry.fake import believe, problems
from tests.web.envelope import assert_error

from modelyard.access import SYSTEM, issue_token
from modelyard.registry import routes
from modelyard.registry.log import log_version
from modelyard.registry.roles import GENERATED
from modelyard.web.app import create_app

MODELS = "/api/v1/models"
NS = {"database": "ML_DB", "schema": "MODELS"}


@pytest.fixture
def app(account, monkeypatch):
    monkeypatch.setattr(routes, "log_version", partial(log_version, verifier=believe))
    return create_app(account)


def client_for(app, account, role, *grants):
    secret = issue_token(account, SYSTEM, name=role, role=role, grants=grants).secret
    headers = {"authorization": f"Bearer {secret}"}
    return TestClient(app, raise_server_exceptions=False, headers=headers)


@pytest.fixture
def client(app, account):
    return client_for(app, account, "admin")


def upload(client, data=b"a model"):
    answer = client.post("/api/v1/artifacts", content=data)
    assert answer.status_code == 201
    return answer.json()["digest"]


def post_log(client, model="MPG", headers=None, **body):
    body = {"files": {"model": upload(client)}} | body
    return client.post(f"{MODELS}/{model}/versions", params=NS, json=body, headers=headers)


def get(client, path, **params):
    answer = client.get(MODELS + path, params=NS | params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_bytes_are_stored_as_they_arrive(client, account):
    data = bytes(range(256)) * 12_000

    def pieces():
        for start in range(0, len(data), 70_001):
            yield data[start : start + 70_001]

    answer = client.post("/api/v1/artifacts", content=pieces())
    digest = hashlib.sha256(data).hexdigest()
    assert answer.json() == {"digest": digest, "size_bytes": len(data)}
    with account.artifacts.open(digest) as stream:
        assert stream.read() == data


def test_a_body_that_is_too_large_leaves_nothing(client, account, monkeypatch):
    object.__setattr__(account.settings, "max_body_bytes", 1000)
    assert_error(client.post("/api/v1/artifacts", content=b"x" * 1001), 413, "too_large")
    assert list(account.artifacts.entries()) == [] and account.artifacts.sweep(0) == 0


def test_a_log_answers_the_version(client):
    answer = post_log(client, comment="LM", metrics={"rmse": 2.45}, tags={"team": "x"})
    assert answer.status_code == 201
    body = answer.json()
    expected = {
        "model": "MPG",
        "database": "ML_DB",
        "schema": "MODELS",
        "version": "V1",
        "ordinal": 1,
        "comment": "LM",
        "created_by": "admin",
        "aliases": [],
        "is_default": True,
        "metrics": {"rmse": 2.45},
        "tags": {"team": "x"},
        "task": "UNKNOWN",
        "model_class": ["lm"],
        "options": {},
        "services": [],
        "functions": ["PREDICT"],
        "notes": ["believed"],
        "replayed": False,
    }
    assert {k: body[k] for k in expected} == expected
    assert {f["role"] for f in body["files"]} - set(GENERATED) == {"model", "samples", "golden"}
    assert body["signature"]["inputs"][0]["name"] == "wt"
    assert body["created_at"].endswith("Z")


def test_the_same_key_answers_200_and_the_same_version(client):
    headers = {"idempotency-key": "k"}
    first, again = (post_log(client, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"replayed": True}
    assert_error(post_log(client, headers=headers, comment="x"), 409, "conflict")


def test_a_model_is_named_plainly_or_wholly(client):
    post_log(client)
    whole = client.get(f"{MODELS}/ml_db.models.mpg")
    assert whole.json() == get(client, "/MPG")
    assert_error(client.get(f"{MODELS}/MPG"), 404, "not_found")
    assert_error(client.get(f"{MODELS}/M-PG", params=NS), 422, "invalid_name")
    assert [m["name"] for m in get(client, "")["models"]] == ["MPG"]


def test_models_and_versions_are_described_and_changed(client):
    post_log(client), post_log(client)
    changed = client.patch(
        f"{MODELS}/MPG", params=NS, json={"comment": "cars", "default_version": "LAST"}
    ).json()
    assert (changed["comment"], changed["default_version"]) == ("cars", "V2")
    assert changed["versions"] == ["V1", "V2"] and changed["owner"] == "admin"
    version = client.patch(f"{MODELS}/MPG/versions/V1", params=NS, json={"comment": "old"})
    assert version.json()["comment"] == "old"
    assert [v["version"] for v in get(client, "/MPG/versions")["versions"]] == ["V1", "V2"]
    assert get(client, "/MPG/versions/DEFAULT")["version"] == "V2"
    for body in ({"name": "X"}, {"default_version": 3}, {"comment": None}):
        answer = client.patch(f"{MODELS}/MPG", params=NS, json=body)
        assert_error(answer, 422, "invalid_value")
    answer = client.patch(f"{MODELS}/MPG/versions/V1", params=NS, json={})
    assert_error(answer, 422, "invalid_value")


def test_metrics_over_http(client):
    post_log(client)
    path = f"{MODELS}/MPG/versions/V1/metrics"
    for name, value in (("rmse", 2.5), ("rmse", 2.0), ("test/rmse", "good")):
        answer = client.put(f"{path}/{name}", params=NS, json={"value": value})
        assert answer.json() == {"name": name, "value": value}
    assert get(client, "/MPG/versions/V1/metrics")["metrics"] == {"rmse": 2.0, "test/rmse": "good"}
    assert get(client, "/MPG/versions/V1/metrics/test/rmse")["value"] == "good"
    history = get(client, "/MPG/versions/V1/metrics/rmse/history")["history"]
    assert [m["value"] for m in history] == [2.5, 2.0]
    assert client.delete(f"{path}/rmse", params=NS).status_code == 200
    assert_error(client.get(f"{path}/rmse", params=NS), 404, "not_found")
    assert_error(client.put(f"{path}/rmse", params=NS, json={}), 422, "invalid_value")
    for bad in (b'{"value": NaN}', b'{"value": 1, "value": 2}', b"{", b"[1]"):
        answer = client.put(f"{path}/rmse", params=NS, content=bad)
        assert_error(answer, 400, "malformed_request")


def test_aliases_over_http(client):
    post_log(client), post_log(client)
    for version in ("V1", "last"):
        answer = client.put(
            f"{MODELS}/MPG/aliases/production", params=NS, json={"version": version}
        )
        assert answer.status_code == 200
    assert answer.json() == {"alias": "production", "version": "V2", "services": [], "notes": []}
    found = get(client, "/MPG/aliases")
    assert found["aliases"] == {"production": "V2"}
    assert [(m["version"], m["previous"]) for m in found["history"]] == [("V1", None), ("V2", "V1")]
    assert get(client, "/MPG/versions/@production")["version"] == "V2"
    answer = client.delete(f"{MODELS}/MPG/versions/V2", params=NS)
    assert "production points at it" in assert_error(answer, 409, "in_use")["message"]
    assert client.delete(f"{MODELS}/MPG/aliases/production", params=NS).status_code == 200
    assert_error(client.delete(f"{MODELS}/MPG/aliases/production", params=NS), 404, "not_found")
    assert client.delete(f"{MODELS}/MPG/versions/V2", params=NS).status_code == 200


@pytest.mark.parametrize("what", ["/MPG", "/MPG/versions/V1"])
def test_tags_over_http(client, what):
    post_log(client)
    path = f"{MODELS}{what}/tags/team"
    assert client.put(path, params=NS, json={"value": "x"}).json()["value"] == "x"
    assert get(client, f"{what}/tags") == {"tags": {"team": "x"}}
    assert client.delete(path, params=NS).status_code == 200
    assert get(client, f"{what}/tags") == {"tags": {}}
    assert_error(client.delete(path, params=NS), 404, "not_found")


def test_a_version_goes_out_and_comes_in(client, account):
    first = post_log(client, metrics={"rmse": 0.1}).json()
    out = client.get(f"{MODELS}/MPG/versions/V1/export", params=NS)
    assert out.headers["content-type"] == "application/x-tar"
    assert "MPG-V1.tar" in out.headers["content-disposition"]
    answer = client.post(
        f"{MODELS}/COPY/import", params=NS | {"version": "Same"}, content=out.content
    )
    assert answer.status_code == 201
    kept = ("files", "signature", "environment", "checks", "metrics", "predict")
    assert answer.json()["version"] == "Same"
    assert {k: answer.json()[k] for k in kept} == {k: first[k] for k in kept}
    cut = client.post(f"{MODELS}/COPY/import", params=NS, content=out.content[:3000])
    assert_error(cut, 400, "malformed_request")
    assert problems(account) == []


def test_a_file_of_a_version_is_its_bytes(client):
    post_log(client)
    answer = client.get(f"{MODELS}/MPG/versions/V1/files/model", params=NS)
    assert answer.content == b"a model" and answer.headers["x-content-type-options"] == "nosniff"
    answer = client.get(f"{MODELS}/MPG/versions/V1/files/body", params=NS)
    assert "It has model, samples, golden, " in assert_error(answer, 404, "not_found")["message"]


def test_a_file_of_the_authors_is_its_bytes(client):
    files = {"model": upload(client), "user/a b/c.txt": upload(client, b"c")}
    assert post_log(client, files=files).status_code == 201
    answer = client.get(f"{MODELS}/MPG/versions/V1/files/user/a b/c.txt", params=NS)
    assert answer.content == b"c" and answer.headers["content-disposition"].endswith('="c.txt"')
    unsafe = {**files, "user/../a": files["model"]}
    assert_error(post_log(client, files=unsafe), 422, "invalid_name")


def test_collecting_over_http(client, account):
    upload(client, b"nobody's")
    assert client.post("/api/v1/gc").json() == {"deleted": 0, "bytes": 0}
    assert client.post("/api/v1/gc", json={"grace_s": 0}).json() == {"deleted": 1, "bytes": 8}
    for grace in (-1, "soon", True):
        answer = client.post("/api/v1/gc", json={"grace_s": grace})
        assert_error(answer, 422, "invalid_value")


def test_a_model_is_deleted_over_http(client):
    post_log(client)
    assert client.delete(f"{MODELS}/MPG", params=NS).json() == {"deleted": "ML_DB.MODELS.MPG"}
    assert_error(client.get(f"{MODELS}/MPG", params=NS), 404, "not_found")


def test_a_log_without_an_object_is_malformed(client):
    for body in (b"[]", b"null", b"\xff"):
        answer = client.post(f"{MODELS}/MPG/versions", params=NS, content=body)
        assert_error(answer, 400, "malformed_request")
    deep = json.dumps({"a": 1}).encode().replace(b"1", b"[" * 100_000)
    answer = client.post(f"{MODELS}/MPG/versions", params=NS, content=deep)
    assert answer.status_code in (400, 413)


def test_an_author_logs_and_a_deployer_points_and_neither_does_the_other_s(app, account):
    author, deployer = (client_for(app, account, role) for role in ("author", "deployer"))
    for _ in range(2):
        assert post_log(author).status_code == 201
    mpg = f"{MODELS}/MPG"

    def change(client, method, path, body):
        return client.request(method, mpg + path, params=NS, json=body)

    notes = [("PATCH", "", {"comment": "c"}), ("PUT", "/versions/V1/metrics/m", {"value": 1})]
    moves = [("PATCH", "", {"default_version": "V2"}), ("PUT", "/aliases/p", {"version": "V2"})]
    for may, may_not, changes in ((author, deployer, notes), (deployer, author, moves)):
        for each in changes:
            assert change(may, *each).status_code == 200
            assert_error(change(may_not, *each), 403, "forbidden")
    both = {"comment": "other", "default_version": "V1"}
    for client in (author, deployer):
        assert_error(change(client, "PATCH", "", both), 403, "forbidden")
    found = get(author, "/MPG")
    assert (found["comment"], found["default_version"]) == ("c", "V2")
    for client in (author, deployer):
        for path in ("", "/versions/V1"):
            assert_error(client.delete(mpg + path, params=NS), 403, "forbidden")


def test_an_author_of_a_schema_reaches_no_other(app, account, client):
    author = client_for(app, account, "author", "schema ML_DB.MODELS")
    assert post_log(author).status_code == 201
    other = "ML_DB.OTHER.COSTS"
    assert post_log(client, other).status_code == 201
    assert_error(post_log(author, other), 403, "forbidden")
    for path in ("", "/versions", "/versions/V1", "/versions/V1/files/model", "/aliases"):
        assert_error(author.get(f"{MODELS}/{other}{path}"), 403, "forbidden")
        where = {"database": "ML_DB", "schema": "OTHER"}
        assert_error(author.get(f"{MODELS}/COSTS{path}", params=where), 403, "forbidden")
    assert [m["name"] for m in author.get(MODELS).json()["models"]] == ["MPG"]
    assert len(client.get(MODELS).json()["models"]) == 2


DOORS = [f"{MODELS}/MPG", f"{MODELS}/MPG/versions/V1", "/v2/models/MPG", "/v2/models/MPG/ready"]


@pytest.mark.parametrize("path", [*DOORS, "/v2/models/MPG/versions/V1"])
def test_a_door_looks_where_it_was_asked_whether_one_may(app, account, client, path):
    here = {"database": "MODELYARD", "schema": "PUBLIC"}
    assert post_log(client, "MODELYARD.PUBLIC.MPG").status_code == 201
    reader = client_for(app, account, "reader", "schema ELSE.WHERE")
    mine = {"database": "ELSE", "schema": "WHERE"}
    assert client.get(path).status_code == client.get(path, params=here).status_code == 200
    for where in ({}, here, [*mine.items(), *here.items()]):
        assert_error(reader.get(path, params=where), 403, "forbidden")
    for where in (mine, [*here.items(), *mine.items()]):
        assert_error(reader.get(path, params=where), 404, "not_found")


def test_models_are_listed_by_schema_by_database_or_all(client):
    post_log(client)
    post_log(client, "ml_db.other.costs")
    post_log(client, "lab.models.mpg")

    def listed(**where):
        found = client.get(MODELS, params=where).json()["models"]
        return [f"{m['database']}.{m['schema']}.{m['name']}".upper() for m in found]

    assert listed() == ["LAB.MODELS.MPG", "ML_DB.MODELS.MPG", "ML_DB.OTHER.COSTS"]
    assert listed(database="ml_db") == ["ML_DB.MODELS.MPG", "ML_DB.OTHER.COSTS"]
    assert listed(**NS) == ["ML_DB.MODELS.MPG"]
