"""The account says what it is, and ends when it is told to."""

from dataclasses import fields

from tests.web.envelope import assert_error

import modelyard
from modelyard.settings import Settings


def test_the_account_says_what_it_is_and_who_asks(client, nobody, tokens):
    said = client.get("/api/v1/account").json()
    assert said["version"] == modelyard.__version__
    assert (said["actor"], said["role"]) == ("owner", "owner")
    assert (said["default_database"], said["default_schema"]) == ("MODELYARD", "PUBLIC")
    assert set(said) >= {"url", "r_version"}
    headers = {"authorization": f"Bearer {tokens['reader']}"}
    assert nobody.get("/api/v1/account", headers=headers).json()["role"] == "reader"


def test_every_setting_is_shown(client):
    shown = client.get("/api/v1/settings").json()["settings"]
    assert set(shown) == {f.name for f in fields(Settings)}
    assert shown["max_json_bytes"] == {"value": 100_000, "default": Settings().max_json_bytes}


def test_the_api_is_described(client):
    described = client.get("/openapi.json").json()
    assert "/api/v1/models/{model}/predict" in described["paths"]


def test_shutting_down_tells_the_server(client, stopped):
    assert client.post("/api/v1/shutdown", json={"services": True}).status_code == 202
    assert client.post("/api/v1/shutdown", json={}).status_code == 202
    assert stopped == [True, False]
    assert_error(client.post("/api/v1/shutdown", json={"services": 1}), 422, "invalid_value")
