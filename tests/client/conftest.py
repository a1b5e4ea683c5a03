import pytest
from starlette.testclient import TestClient

from modelyard.access import SYSTEM, issue_token
from modelyard.account import close_account, open_account
from modelyard.client.connection import Connection
from modelyard.client.http import Http
from modelyard.settings import Settings
from modelyard.web.app import create_app


@pytest.fixture(scope="session")
def account(tmp_path_factory):
    opened = open_account(Settings(home=tmp_path_factory.mktemp("home")))
    yield opened
    close_account(opened)


@pytest.fixture(scope="session")
def connection(account):
    """The owner's connection to an app in this process."""
    token = issue_token(account, SYSTEM, name="owner", role="owner").secret
    transport = TestClient(create_app(account), raise_server_exceptions=False)._transport
    return Connection(Http("http://testserver", token, transport), "ML_DB", "MODELS", {})


@pytest.fixture(scope="session")
def cars_rds(make_rds):
    return make_rds("lm(mpg ~ wt + hp + cyl, data = mtcars)")
