"""Environments over HTTP, from the command line's client, and by a service's deploy."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient
from tests.environments.test_check import log, predict, refused
from tests.registry.fake import MPG

from modelyard.access import SYSTEM, issue_token
from modelyard.web.app import create_app

NS = {"database": MPG.namespace.database, "schema": MPG.namespace.schema}
WHERE = "/api/v1/models/MPG/versions/V1/environment"


@pytest.fixture
def account(opened, repository, library, tmp_path):
    libs = library("tinyleaf_1.0", "tinydep_1.0", "tinyroot_1.0")
    return opened(r_libs=libs, r_repositories=repository.url, environments=str(tmp_path / "e"))


@pytest.fixture
def client(account):
    app = create_app(account)
    app.state.is_ready = True
    secret = issue_token(account, SYSTEM, name="t", role="owner").secret
    return TestClient(app, headers={"authorization": f"Bearer {secret}"})


def test_a_versions_environment_is_shown_beside_what_is_here(account, client, make_rds):
    log(account, make_rds)
    told = client.get(WHERE, params=NS).json()
    assert told["environment"]["roots"] == ["tinyroot"]
    assert told["here"]["missing"] == told["here"]["different"] == []
    assert told["here"]["library"] is None
    # All of it is here: there is nothing to provide.
    made = client.post(f"{WHERE}/provision", params=NS, json={})
    assert made.status_code == 200 and made.json()["here"]["library"] is None


def test_packages_are_provided_for_a_model_that_is_to_be_logged(
    opened, repository, make_rds, tmp_path
):
    account = opened("bare", r_repositories=repository.url, environments=str(tmp_path / "e"))
    app = create_app(account)
    app.state.is_ready = True
    secret = issue_token(account, SYSTEM, name="t", role="owner").secret
    client = TestClient(app, headers={"authorization": f"Bearer {secret}"})
    refused(account, make_rds)
    answer = client.post("/api/v1/environments", json={"packages": {"tinyroot": None}})
    assert answer.status_code == 200
    names = {p["name"] for p in answer.json()["library"]["packages"]}
    assert names == {"tinyroot", "tinydep", "tinyleaf"}
    version = log(account, make_rds).version
    assert predict(account, version) == [102.0, 104.0]
    told = client.get(WHERE, params=NS).json()
    assert told["here"]["library"]["build"] == answer.json()["library"]["build"]


@pytest.mark.parametrize("packages", [None, {}, [], {"../x": None}, {"a": 1}, {"a": "../1"}])
def test_packages_that_are_none_are_refused(client, packages):
    answer = client.post("/api/v1/environments", json={"packages": packages})
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "invalid_value"
