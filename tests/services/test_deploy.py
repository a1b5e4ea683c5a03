"""Wishes, without any process: what deploy and undeploy write, and what is shown of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from modelyard.access import SYSTEM, Actor, Part, issue_token, list_events
from modelyard.account import Account, close_account, open_account
from modelyard.artifacts.base import Stored
from modelyard.errors import AlreadyExists, Forbidden, InUse, NotFound
from modelyard.names import ModelRef, Namespace, Qualified
from modelyard.registry.add import Draft, add_version
from modelyard.registry.aliases import set_alias, set_default, unset_alias
from modelyard.registry.delete import delete_model, delete_version
from modelyard.registry.resolve import resolve
from modelyard.runtime.manifest import Checks, Environment, File, Manifest, PredictSpec
from modelyard.services import store
from modelyard.services.deploy import DeployRequest, deploy, notes_of
from modelyard.services.folder import folder
from modelyard.services.options import Options
from modelyard.services.show import show, show_all
from modelyard.services.types import Service, State
from modelyard.services.undeploy import undeploy
from modelyard.settings import Settings
from modelyard.signature import Signature, columns
from modelyard.web.app import create_app

SPACE = Namespace("ML_DB", "MODELS")
ADA = Actor("ada", "admin", "t1")


def manifest(stored: Stored) -> Manifest:
    return Manifest(
        (File("model", stored.digest, stored.size_bytes),),
        Signature(columns({"x": "double"}), columns({"prediction": "double"})),
        PredictSpec(),
        Environment("", "", {}),
        Checks("load", True, True),
    )


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    account = open_account(Settings(home=tmp_path / "home"))
    file = tmp_path / "model.rds"
    file.write_bytes(b"never read here")
    stored = account.artifacts.put(file)
    for _ in range(3):
        draft = Draft(manifest(stored), request="r")
        add_version(account, SYSTEM, Qualified(SPACE, "MPG"), draft, None)
    set_alias(account, SYSTEM, ModelRef.parse("MPG/V2", SPACE), "production")
    yield account
    close_account(account)


def wish(account: Account, model: str = "MPG/V1", name: str = "svc", **more: Any) -> Service:
    request = DeployRequest(Qualified(SPACE, name), ModelRef.parse(model, SPACE), **more)
    return deploy(account, ADA, request)


def test_a_version_that_was_never_asked_is_told_of(account: Account) -> None:
    (note,) = notes_of(account, wish(account))
    assert note.startswith("V1 of MPG is only known to load")
    found = resolve(account, ModelRef.parse("MPG/V1", SPACE)).manifest
    proven = replace(found, checks=replace(found.checks, verified="predictions"))
    draft = Draft(proven, request="other")
    add_version(account, SYSTEM, Qualified(SPACE, "MPG"), draft, None)
    assert notes_of(account, wish(account, "MPG/V4", "proven")) == []


def test_a_wish_is_pending_and_in_the_audit_log(account: Account) -> None:
    service = wish(account, options=Options(compute_pool="ML_POOL", num_workers=2))
    assert service.status.state is State.PENDING
    assert (str(service.spec.model), service.spec.version) == ("ML_DB.MODELS.MPG", "V1")
    assert service.to_dict()["options"] == {"num_workers": 2, "compute_pool": "ML_POOL"}
    event = list_events(account, limit=1)[0]
    assert (event.kind, event.subject, event.actor) == (
        "ServiceDeployed",
        "ML_DB.MODELS.svc",
        "ada",
    )
    assert event.detail["version"] == "V1"


@pytest.mark.parametrize(
    ("model", "version", "alias"),
    [
        ("MPG", "V1", None),
        ("MPG/v3", "V3", None),
        ("MPG@production", "V2", "production"),
        ("MPG/production", "V2", "production"),
        ("MPG@last", "V3", None),
    ],
)
def test_the_version_is_the_one_meant_now_and_the_alias_is_kept(
    account: Account, model: str, version: str, alias: str | None
) -> None:
    spec = wish(account, model).spec
    assert (spec.version, spec.alias) == (version, alias)


@pytest.mark.parametrize("model", ["MPG/V9", "NONE", "MPG@staging"])
def test_what_is_not_there_cannot_be_deployed(account: Account, model: str) -> None:
    before = len(list_events(account))
    with pytest.raises(NotFound):
        wish(account, model)
    assert show_all(account) == []
    assert len(list_events(account)) == before


def test_a_taken_name_needs_force_which_keeps_the_service_s_identity(account: Account) -> None:
    first = wish(account)
    with pytest.raises(AlreadyExists, match=r"ML_DB\.MODELS\.svc.*V1"):
        wish(account, "MPG/V2", name="SVC")
    second = wish(account, "MPG/V2", name="SVC", force=True)
    assert second.spec.id == first.spec.id
    assert (second.spec.generation, second.spec.version) == (2, "V2")
    assert second.spec.name == first.spec.name


def test_a_service_that_is_not_there_is_answered_with_those_that_are(account: Account) -> None:
    name = wish(account).spec.name
    with pytest.raises(NotFound, match=r"no service SVCC in ML_DB\.MODELS\. It has svc\."):
        show(account, replace(name, name="SVCC"))
    with pytest.raises(NotFound, match=r"in ML_DB\.OTHER\. It has none"):
        show(account, replace(name, namespace=replace(name.namespace, schema="OTHER")))


def test_an_undeployed_name_is_free_at_once(account: Account) -> None:
    first = wish(account)
    undeploy(account, ADA, first.spec.name)
    for look in (
        lambda: show(account, first.spec.name),
        lambda: undeploy(account, ADA, first.spec.name),
    ):
        with pytest.raises(NotFound, match=r"no service svc in ML_DB\.MODELS\. It has none"):
            look()
    assert list_events(account, limit=1)[0].kind == "ServiceUndeployed"
    assert wish(account, "MPG/V3").spec.generation == 2


def test_a_served_version_cannot_be_deleted(account: Account) -> None:
    wish(account, "MPG/V3")
    with pytest.raises(InUse, match="svc"):
        delete_version(account, SYSTEM, ModelRef.parse("MPG/V3", SPACE))


@pytest.mark.parametrize(
    "options", [{"split": {"v3": 0.2}}, {"shadow": "v3"}, {"shadow": "LAST"}], ids=str
)
def test_a_version_asked_beside_the_served_one_cannot_be_deleted(
    account: Account, options: dict[str, Any]
) -> None:
    set_default(account, SYSTEM, ModelRef.parse("MPG/V2", SPACE))
    wish(account, "MPG/V1", options=Options(**options))
    wish(account, "MPG/V1", name="other")
    with pytest.raises(InUse, match=r"MPG is in use: the service svc serves it\."):
        delete_version(account, SYSTEM, ModelRef.parse("MPG/V3", SPACE))
    with pytest.raises(InUse, match=r"served by other, svc\."):
        delete_model(account, SYSTEM, Qualified(SPACE, "MPG"))
    undeploy(account, ADA, Qualified(SPACE, "svc"))
    delete_version(account, SYSTEM, ModelRef.parse("MPG/V3", SPACE))


def test_a_version_of_the_same_name_of_another_model_can_be_deleted(account: Account) -> None:
    stored = next(iter(account.artifacts.entries()))
    draft = Draft(manifest(Stored(stored.digest, stored.size_bytes)), request="r")
    for _ in range(3):
        add_version(account, SYSTEM, Qualified(SPACE, "OTHER"), draft, None)
    wish(account, "MPG/V1", options=Options(shadow="V3"))
    delete_version(account, SYSTEM, ModelRef.parse("OTHER/V3", SPACE))


def test_an_alias_named_for_a_share_cannot_be_unset_and_its_version_not_deleted(
    account: Account,
) -> None:
    wish(account, "MPG/V1", options=Options(split={"Production": 0.2}))
    with pytest.raises(InUse, match="followed by the service svc"):
        unset_alias(account, SYSTEM, Qualified(SPACE, "MPG"), "production")
    with pytest.raises(InUse, match="the alias production points at it; the service svc serves it"):
        delete_version(account, SYSTEM, ModelRef.parse("MPG/V2", SPACE))


def test_services_are_found_by_place_model_and_version(account: Account) -> None:
    wish(account, "MPG/V1", name="one")
    wish(account, "MPG@production", name="two")
    model = Qualified(Namespace("ml_db", "models"), "mpg")

    def names(**by: Any) -> list[str]:
        return [s.spec.name.name for s in show_all(account, **by)]

    assert names() == names(namespace=SPACE) == names(model=model) == ["one", "two"]
    assert names(namespace=Namespace("ML_DB", "OTHER")) == []
    assert names(model=model, version="v1") == ["one"]
    assert names(version="production") == ["two"]


@pytest.fixture
def client(account: Account) -> TestClient:
    app: FastAPI = create_app(account)
    app.state.reconciler = Waker()
    token = issue_token(account, SYSTEM, name="t", role="admin").secret
    return TestClient(app, headers={"authorization": f"Bearer {token}"})


class Waker:
    woken = 0

    def wake(self) -> None:
        self.woken += 1


def test_a_service_over_http_from_wish_to_end(account: Account, client: TestClient) -> None:
    body = {
        "name": "mpg_service",
        "database": "ML_DB",
        "schema": "MODELS",
        "model": "MPG",
        "version": "V2",
        "options": {"compute_pool": "ML_POOL", "image_repo": "ML_DB.MODELS.ML_IMAGES"},
    }
    made = client.post("/api/v1/services", json=body)
    assert made.status_code == 202, made.text
    said = made.json()
    assert (said["status"], said["fqn"]) == ("PENDING", "ML_DB.MODELS.mpg_service")
    assert [note.partition(":")[0] for note in said["notes"]] == ["V2 of MPG is only known to load"]
    assert client.app.state.reconciler.woken == 1  # type: ignore[attr-defined]
    assert client.post("/api/v1/services", json=body).status_code == 409
    place = {"database": "ML_DB", "schema": "MODELS"}
    shown = client.get("/api/v1/services/mpg_service", params=place).json()
    assert {"name", "version", "url", "containers", "replicas", "cause", "history"} <= set(shown)
    assert client.get("/api/v1/services/ML_DB.MODELS.MPG_SERVICE").json() == shown
    listed = client.get("/api/v1/services", params={"model": "MPG", **place}).json()["services"]
    assert [s["name"] for s in listed] == ["mpg_service"]
    assert client.get("/api/v1/services/mpg_service").status_code == 404

    with account.catalog.connect() as tx:
        record = store.every(tx)[0]
    where = folder(account.settings.home, record.spec.id)
    where.create()
    where.log_file.write_text("begun in /srv/place/x.rds\nready\n")
    logs = client.get("/api/v1/services/mpg_service/logs", params={**place, "lines": 5})
    assert logs.json()["lines"] == ["begun in x.rds", "ready"]

    assert client.delete("/api/v1/services/mpg_service", params=place).status_code == 202
    assert client.get("/api/v1/services/mpg_service", params=place).status_code == 404


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"name": None}, 400, "malformed_request"),
        ({"name": "a b"}, 422, "invalid_name"),
        ({"version": 2}, 400, "malformed_request"),
        ({"version": "V9"}, 404, "not_found"),
        ({"force": "yes"}, 422, "invalid_value"),
        ({"options": {"workers": 2}}, 422, "invalid_value"),
        ({"options": {"split": {"V9": 0.5}}}, 404, "not_found"),
        ({"options": {"split": {"V2": 0.5, "V3": 0.6}}}, 422, "invalid_value"),
        ({"options": {"split": {"v1": 0.5}}}, 422, "invalid_value"),
        ({"options": {"split": {"V2": 0.5, "production": 0.3}}}, 422, "invalid_value"),
        ({"options": {"shadow": "v1"}}, 422, "invalid_value"),
        ({"options": {"shadow": "V9"}}, 404, "not_found"),
        ({"options": {"autocapture_sample": 0.5}}, 422, "invalid_value"),
        ({"options": {"autocapture_drop": ["x"]}}, 422, "invalid_value"),
        ({"options": {"autocapture": True, "autocapture_drop": ["y"]}}, 422, "invalid_value"),
    ],
)
def test_a_wish_that_cannot_be_one_is_refused(
    client: TestClient, change: dict[str, Any], status: int, code: str
) -> None:
    body = {"name": "svc", "model": "ML_DB.MODELS.MPG", "version": "V1", **change}
    response = client.post("/api/v1/services", json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert client.get("/api/v1/services").json() == {"services": []}


def test_a_reader_may_look_but_not_deploy(account: Account, client: TestClient) -> None:
    token = issue_token(account, SYSTEM, name="r", role="reader").secret
    header = {"authorization": f"Bearer {token}"}
    assert client.get("/api/v1/services", headers=header).status_code == 200
    body = {"name": "svc", "model": "ML_DB.MODELS.MPG"}
    assert client.post("/api/v1/services", json=body, headers=header).status_code == 403
    assert client.delete("/api/v1/services/svc", headers=header).status_code == 403


def granted(*grants: str) -> Actor:
    return Actor("dep", "deployer", "t1", tuple(Part.parse(text, SPACE) for text in grants))


@pytest.mark.parametrize(
    ("grants", "service", "may"),
    [
        (["model MPG"], "mine", True),
        (["model MPG"], "ML_DB.OTHER.mine", False),
        (["model MPG", "service ML_DB.OTHER.mine"], "ML_DB.OTHER.mine", True),
        (["model MPG", "schema ML_DB.OTHER"], "ML_DB.OTHER.mine", True),
        (["schema MODELS"], "mine", True),
        (["database ML_DB"], "ML_DB.OTHER.mine", True),
        (["service mine"], "mine", False),
        (["model COSTS"], "mine", False),
        (["model COSTS", "service mine"], "mine", False),
        (["model MPG"], "taken", True),
        (["model COSTS", "service taken"], "taken", False),
    ],
)
def test_a_deployer_needs_the_model_and_the_name(
    account: Account, grants: list[str], service: str, may: bool
) -> None:
    wish(account, "MPG/V1", "taken")
    name = Qualified.parse(service, SPACE, "service")
    asked = DeployRequest(name, ModelRef.parse("MPG/V2", SPACE), force=True)
    if may:
        assert deploy(account, granted(*grants), asked).spec.version == "V2"
    else:
        with pytest.raises(Forbidden):
            deploy(account, granted(*grants), asked)


def test_a_name_that_serves_another_model_is_not_taken_from_it(account: Account) -> None:
    stored = account.artifacts.put(account.settings.home / "catalog.db")
    costs = Qualified(SPACE, "COSTS")
    add_version(account, SYSTEM, costs, Draft(manifest(stored), request="r"), None)
    wish(account, "COSTS/V1", "costs")
    force = DeployRequest(Qualified(SPACE, "costs"), ModelRef.parse("MPG/V1", SPACE), force=True)
    with pytest.raises(Forbidden, match="model ML_DB.MODELS.COSTS"):
        deploy(account, granted("model MPG"), force)


def test_services_are_shown_to_those_who_have_them_or_their_model(account: Account) -> None:
    wish(account, "MPG/V1", "one")
    wish(account, "MPG/V1", "two")
    client = TestClient(create_app(account), raise_server_exceptions=False)

    def seen(*grants: str) -> list[str]:
        made = issue_token(account, SYSTEM, name="r", role="reader", grants=grants, place=SPACE)
        header = {"authorization": f"Bearer {made.secret}"}
        found = client.get("/api/v1/services", headers=header).json()["services"]
        names = [service["name"] for service in found]
        for name in ("one", "two"):
            where = f"/api/v1/services/{name}?database=ML_DB&schema=MODELS"
            status = client.get(where, headers=header).status_code
            assert status == (200 if name in names else 403)
        return names

    assert seen() == seen("model MPG") == seen("schema MODELS") == ["one", "two"]
    assert seen("service two") == ["two"]
    assert seen("service one", "service two") == ["one", "two"]
    assert seen("model COSTS", "schema OTHER") == []
