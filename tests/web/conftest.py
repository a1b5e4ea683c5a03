from typing import get_args

import pytest
from starlette.testclient import TestClient

from modelyard.access import SYSTEM, Role, issue_token
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
    def issue(role):
        grants = ["service S", "model nosuch"] if role == "caller" else []
        return issue_token(account, SYSTEM, name=role, role=role, grants=grants).secret

    return {role: issue(role) for role in get_args(Role)}


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
