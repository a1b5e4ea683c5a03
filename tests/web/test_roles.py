"""Every route, of the server and of a service, with every role: one table, deny by default.

A route that is not in the table fails these tests; so does a role that may more or less than the
table says. No answer but 403 counts as refused, none but 401 and 403 as let in.
"""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient
from tests.web.envelope import assert_error

from modelyard.access import SYSTEM, Role, issue_token
from modelyard.names import Namespace, Qualified
from modelyard.services.folder import Folder
from modelyard.services.protocols.http import App, Limits
from modelyard.services.protocols.page import PAGE
from modelyard.services.protocols.routes import OF_MODEL, READING, ROUTES, find_route
from modelyard.services.protocols.routes import OPEN as OPEN_PATHS
from modelyard.services.records import Records
from modelyard.services.served import Served
from modelyard.services.types import ServiceSpec
from modelyard.web.auth import routes_of

ALL = "owner admin deployer author reader auditor"
READ = "owner admin deployer author reader"
LOG = "owner admin author"
MOVE = "owner admin deployer"
AUDIT = "owner admin auditor"
OWN = "owner admin"
OPEN = "anybody"

OF_ONE = "/v2/models/{model}/versions/{version}"
MODEL, VERSION = "/api/v1/models/{model}", "/api/v1/models/{model}/versions/{version}"
SERVER = {
    ("GET", "/livez"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/openapi.json"): ALL,
    ("GET", "/api/v1/account"): ALL,
    ("GET", "/api/v1/isolation"): ALL,
    ("GET", "/api/v1/settings"): OWN,
    ("POST", "/api/v1/shutdown"): OWN,
    ("GET", "/api/v1/events"): AUDIT,
    ("GET", "/api/v1/tokens"): OWN,
    ("POST", "/api/v1/tokens"): OWN,
    ("POST", "/api/v1/tokens/{token}/rotate"): OWN,
    ("DELETE", "/api/v1/tokens/{token}"): OWN,
    ("GET", "/api/v1/models"): READ,
    ("GET", MODEL): READ,
    ("PATCH", MODEL): "owner admin deployer author",
    ("DELETE", MODEL): OWN,
    ("POST", MODEL + "/import"): LOG,
    ("POST", MODEL + "/predict"): READ,
    ("GET", MODEL + "/versions"): READ,
    ("POST", MODEL + "/versions"): LOG,
    ("GET", MODEL + "/aliases"): READ,
    ("PUT", MODEL + "/aliases/{alias}"): MOVE,
    ("DELETE", MODEL + "/aliases/{alias}"): MOVE,
    ("GET", MODEL + "/tags"): READ,
    ("PUT", MODEL + "/tags/{name}"): LOG,
    ("DELETE", MODEL + "/tags/{name}"): LOG,
    ("GET", VERSION): READ,
    ("PATCH", VERSION): LOG,
    ("DELETE", VERSION): OWN,
    ("GET", VERSION + "/metrics"): READ,
    ("GET", VERSION + "/metrics/{name}"): READ,
    ("GET", VERSION + "/metrics/{name}/history"): READ,
    ("PUT", VERSION + "/metrics/{name}"): LOG,
    ("DELETE", VERSION + "/metrics/{name}"): LOG,
    ("GET", VERSION + "/tags"): READ,
    ("PUT", VERSION + "/tags/{name}"): LOG,
    ("DELETE", VERSION + "/tags/{name}"): LOG,
    ("GET", VERSION + "/environment"): READ,
    ("POST", VERSION + "/environment/provision"): OWN,
    ("GET", VERSION + "/export"): LOG,
    ("GET", VERSION + "/files/{role}"): LOG,
    ("POST", "/api/v1/artifacts"): LOG,
    ("POST", "/api/v1/environments"): OWN,
    ("POST", "/api/v1/gc"): OWN,
    ("GET", "/api/v1/services"): READ,
    ("POST", "/api/v1/services"): MOVE,
    ("GET", "/api/v1/services/{service}"): READ,
    ("DELETE", "/api/v1/services/{service}"): MOVE,
    ("GET", "/api/v1/services/{service}/logs"): READ,
    ("POST", "/api/v1/sql"): READ,
    ("GET", "/api/v1/tables"): READ,
    ("GET", "/api/v1/tables/{table}"): READ,
    ("PUT", "/api/v1/tables/{table}"): OWN,
    ("DELETE", "/api/v1/tables/{table}"): OWN,
    ("GET", "/api/v1/tables/{table}/fields"): READ,
    ("POST", "/models/{model}/predict"): READ + " caller",
    ("POST", "/models/{model}/invocations"): READ + " caller",
    ("GET", "/v2"): ALL,
    ("GET", "/v2/health/live"): OPEN,
    ("GET", "/v2/health/ready"): OPEN,
    ("GET", "/v2/models/{model}"): READ + " caller",
    ("GET", "/v2/models/{model}/ready"): READ + " caller",
    ("POST", "/v2/models/{model}/infer"): READ + " caller",
    ("GET", OF_ONE): READ + " caller",
    ("GET", OF_ONE + "/ready"): READ + " caller",
    ("POST", OF_ONE + "/infer"): READ + " caller",
}
CALL = "owner admin caller"
SERVICE_READS = {
    "/livez": OPEN,
    "/readyz": OPEN,
    "/ping": OPEN,
    "/health": OPEN,
    "/v2/health/live": OPEN,
    "/v2/health/ready": OPEN,
    "/docs": OPEN,
    "/": CALL,
    "/version": CALL,
    "/metadata": CALL,
    "/metrics": CALL,
    "/openapi.json": CALL,
    "/v2": CALL,
    "/v2/models/{model}": CALL,
    "/v2/models/{model}/ready": CALL,
    OF_ONE: CALL,
    OF_ONE + "/ready": CALL,
}
SERVICE = {(method, path): r for path, r in SERVICE_READS.items() for method in ("GET", "HEAD")} | {
    ("POST", "/predict"): CALL,
    ("POST", "/invocations"): CALL,
    ("POST", "/v2/models/{model}/infer"): CALL,
    ("POST", OF_ONE + "/infer"): CALL,
}
LISTS = {("GET", "/api/v1/models"), ("GET", "/api/v1/services")}
"""Routes that answer everybody who may read, with what is granted to them."""
NOWHERE = {path for path in SERVER if path[1] in ("/openapi.json", "/api/v1/artifacts")} | {
    ("GET", "/api/v1/account"),
    ("GET", "/api/v1/isolation"),
    ("GET", "/v2"),
}
"""Routes about no part of the account."""
BODY = {("POST", "/api/v1/services"): {"name": "S", "model": "M"}}


def asked(path):
    return re.sub(r"\{[^}]+\}", "nosuch", path)


def plain(path):
    return path.replace(":path}", "}")


def test_every_route_of_the_server_is_in_the_table(app):
    found = set()
    for path, route in routes_of(app):
        assert isinstance(route, APIRoute), route
        found |= {(method, plain(path)) for method in route.methods}
    assert found == set(SERVER)


def test_every_route_of_a_service_is_in_the_table():
    found = {(method, path) for path in OPEN_PATHS for method in READING}
    found |= {(method, path) for path, route in ROUTES.items() for method in route.methods}
    for word, (_, methods) in OF_MODEL.items():
        for above in ("/v2/models/{model}", OF_ONE):
            path = f"{above}/{word}".removesuffix("/")
            assert find_route(asked(path)).methods == methods
            found |= {(method, path) for method in methods}
    assert found == set(SERVICE)


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize(("method", "path"), SERVER)
def test_a_role_may_on_the_server_what_the_table_says(nobody, tokens, role, method, path):
    headers = {"authorization": f"Bearer {tokens[role]}"}
    answer = nobody.request(method, asked(path), headers=headers)
    if SERVER[method, path] == OPEN or role in SERVER[method, path].split():
        assert answer.status_code not in (401, 403), answer.text
    else:
        assert_error(answer, 403, "forbidden")


@pytest.mark.parametrize(("method", "path"), SERVER)
def test_a_grant_elsewhere_opens_nothing_here(nobody, account, method, path):
    if "admin" not in SERVER[method, path].split():
        return
    grants = ["schema ELSE.WHERE", "model OTHER", "service OTHER"]
    secret = issue_token(account, SYSTEM, name="else", role="admin", grants=grants).secret
    headers = {"authorization": f"Bearer {secret}"}
    answer = nobody.request(method, asked(path), headers=headers, json=BODY.get((method, path)))
    if (method, path) in LISTS:
        assert answer.status_code == 200 and not any(answer.json().values())
    elif (method, path) in NOWHERE:
        assert answer.status_code not in (401, 403)
    else:
        assert_error(answer, 403, "forbidden")


@pytest.fixture(scope="module")
def host(account):
    """What a service answers that has not loaded its version yet; from this address."""
    place = Namespace("MODELYARD", "PUBLIC")
    spec = ServiceSpec("ab" * 16, Qualified(place, "S"), Qualified(place, "M"), "V1")
    records = Records.of(Folder(account.settings.home))
    with ThreadPoolExecutor(1) as threads:
        app = App(Served(account, spec, threads, records), Limits(1000, 1000, 1.0), threads)
        yield lambda *request, **headers: asyncio.run(ask(app, *request, headers))


async def ask(app, method, path, client, headers):
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "client": client}
    scope["headers"] = [(k.encode(), v.encode()) for k, v in headers.items()]
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"{}"}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], sent[1]["body"]


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize(("method", "path"), SERVICE)
def test_a_role_may_at_a_service_what_the_table_says(host, tokens, role, method, path):
    header = f"Bearer {tokens[role]}"
    status, body = host(method, asked(path), ("127.0.0.1", 1), authorization=header)
    if SERVICE[method, path] == OPEN or role in SERVICE[method, path].split():
        assert status not in (401, 403), body
    else:
        assert status == 403, body


@pytest.mark.parametrize(("method", "path"), SERVICE)
def test_no_route_of_a_service_is_open_without_a_token(host, method, path):
    status, body = host(method, asked(path), ("127.0.0.1", 1))
    if SERVICE[method, path] == OPEN:
        assert status in (200, 503) and (len(body) < 30 or body == PAGE)
    else:
        assert status == 401, body


@pytest.mark.parametrize(
    ("grant", "may"),
    [
        ("service S", True),
        ("model M", True),
        ("schema PUBLIC", True),
        ("database modelyard", True),
        ("service M", False),
        ("model S", False),
        ("service OTHER.S", False),
        ("schema OTHER", False),
        ("database OTHER", False),
    ],
)
@pytest.mark.parametrize("role", ["caller", "admin"])
def test_a_token_calls_the_services_it_is_granted(account, host, role, grant, may):
    secret = issue_token(account, SYSTEM, name="c", role=role, grants=[grant]).secret
    status, _ = host("GET", "/", ("127.0.0.1", 1), authorization=f"Bearer {secret}")
    assert status == (200 if may else 403)


@pytest.mark.parametrize(
    ("grant", "may"),
    [
        ("model M", True),
        ("schema PUBLIC", True),
        ("database modelyard", True),
        ("service M", False),
        ("model S", False),
        ("schema OTHER", False),
    ],
)
@pytest.mark.parametrize("path", ["/models/M@production/predict", "/v2/models/M/infer"])
def test_a_caller_asks_the_models_it_is_granted_by_name(account, nobody, path, grant, may):
    secret = issue_token(account, SYSTEM, name="m", role="caller", grants=[grant]).secret
    headers = {"authorization": f"Bearer {secret}"}
    answer = nobody.post(path, headers=headers, json={})
    assert answer.status_code == (404 if may else 403)
    if may:
        assert "There is no model MODELYARD.PUBLIC.M." in answer.text
    assert nobody.post("/api/v1/models/M/predict", headers=headers).status_code == 403


FORWARDED = {"x-forwarded-for": "10.0.0.1", "forwarded": "for=10.0.0.1", "x-real-ip": "10.0.0.1"}


def test_a_service_believes_the_connection_about_the_address_and_no_header(account, host):
    networks = ["10.0.0.0/8"]
    secret = issue_token(account, SYSTEM, name="n", role="admin", networks=networks).secret
    header = f"Bearer {secret}"
    for _ in range(2):  # the second time it is remembered, for that address
        for client, status in ((("10.0.0.1", 1), 200), (("11.0.0.1", 1), 403), (None, 403)):
            assert host("GET", "/", client, authorization=header, **FORWARDED)[0] == status


def test_the_server_believes_the_connection_about_the_address_and_no_header(account, app):
    networks = ["10.0.0.0/8"]
    secret = issue_token(account, SYSTEM, name="n", role="admin", networks=networks).secret
    headers = {"authorization": f"Bearer {secret}", **FORWARDED}
    for address, status in (("10.0.0.1", 200), ("11.0.0.1", 403), ("testclient", 403)):
        client = TestClient(app, client=(address, 1))
        assert client.get("/api/v1/account", headers=headers).status_code == status
        absent = 404 if status == 200 else 403
        assert client.get("/api/v1/nosuch", headers=headers).status_code == absent
