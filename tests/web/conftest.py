import pytest
from starlette.testclient import TestClient

from modelyard.access import SYSTEM, issue_token
from modelyard.account import close_account, open_account
from modelyard.settings import Settings
from modelyard.web.app import create_app


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    opened = open_account(Settings(home=tmp_path_factory.mktemp("home"), max_json_bytes=100_000))
    yield opened
    close_account(opened)


@pytest.fixture(scope="module")
def tokens(account):
    made = {r: issue_token(account, SYSTEM, name=r, role=r) for r in ("owner", "admin", "reader")}
    made["caller"] = issue_token(account, SYSTEM, name="c", role="caller", service="S")
    return {role: issued.secret for role, issued in made.items()}


@pytest.fixture
def stopped():
    return []


@pytest.fixture
def app(account, stopped):
    made = create_app(account, stopped.append)
    made.state.is_ready = True
    return made


@pytest.fixture
def client(app, tokens):
    """The owner's client."""
    headers = {"authorization": f"Bearer {tokens['owner']}"}
    return TestClient(app, raise_server_exceptions=False, headers=headers)


@pytest.fixture
def nobody(app):
    """A client without a token."""
    return TestClient(app, raise_server_exceptions=False)
