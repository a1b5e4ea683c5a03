"""Deny by default: no route without a token, none without a declared action."""

import re

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from tests.web.envelope import assert_error

from modelyard.errors import Internal
from modelyard.web.app import create_app
from modelyard.web.auth import OPEN, check_routes, declared_actions, routes_of


def _calls(app):
    """Every method of every route, with its path filled in and its action."""
    for path, route in routes_of(app):
        assert isinstance(route, APIRoute), route
        if path not in OPEN:
            path = re.sub(r"\{[^}]+\}", "V1", path)
            for method in route.methods:
                yield method, path, declared_actions(route)


def test_the_walk_sees_the_api(app):
    paths = {path for _, path, _ in _calls(app)}
    assert {"/api/v1/account", "/api/v1/models/V1/versions", "/api/v1/services/V1"} <= paths
    assert len(paths) > 25


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer nonsense", "Basic b3duZXI6", 'Snowflake Token=""'],
)
def test_no_route_is_open_without_a_good_token(app, nobody, header):
    headers = {} if header is None else {"authorization": header}
    for method, path, _ in _calls(app):
        assert_error(nobody.request(method, path, headers=headers), 401, "unauthenticated")


def test_a_path_that_is_not_there_needs_a_token_too(client, nobody):
    for path in ("/", "/docs", "/redoc", "/api/v1/nosuch", "/api/v1/models/", "/static/x"):
        assert_error(nobody.get(path), 401, "unauthenticated")
        assert_error(client.get(path), 404, "not_found")
    assert_error(client.delete("/api/v1/account"), 404, "not_found")


def test_both_forms_of_the_header_are_taken(nobody, tokens):
    for form in ("Bearer {}", 'Snowflake Token="{}"'):
        header = {"authorization": form.format(tokens["reader"])}
        assert nobody.get("/api/v1/account", headers=header).status_code == 200


def test_the_open_routes_say_only_how_it_is(app, nobody):
    assert nobody.get("/livez").text == "ok"
    assert (nobody.get("/readyz").status_code, nobody.get("/readyz").text) == (200, "ok")
    app.state.is_ready = False
    assert (nobody.get("/readyz").status_code, nobody.get("/readyz").text) == (503, "not ready")


def test_an_app_with_an_undeclared_route_is_not_built(app):
    app.add_api_route("/api/v1/secret", lambda: "secret")
    with pytest.raises(Internal, match="/api/v1/secret"):
        check_routes(app)
    app.add_route("/plain", lambda request: None)
    with pytest.raises(Internal, match="/plain"):
        check_routes(app)


def test_an_undeclared_route_that_was_added_later_is_refused(account, client):
    later = APIRouter()
    later.add_api_route("/api/v1/secret", lambda: "secret")
    client.app.include_router(later)
    assert_error(client.get("/api/v1/secret"), 403, "forbidden")


def test_every_app_is_checked_when_it_is_built(account, monkeypatch):
    monkeypatch.setattr("modelyard.web.app.check_routes", lambda app: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        create_app(account)
