"""Settings become an account."""

import stat
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from modelyard.access import SYSTEM, issue_token
from modelyard.account import close_account, open_account
from modelyard.errors import InvalidValue, Unavailable
from modelyard.settings import Settings


def test_an_account_is_made_where_there_was_none(tmp_path):
    home = tmp_path / "new" / "home"
    account = open_account(Settings(home=home))
    try:
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert {p.name for p in home.iterdir()} >= {"catalog.db", "artifacts"}
        assert account.now().tzinfo is UTC
        assert not (home / "warehouse").exists()
    finally:
        close_account(account)


def test_the_clock_is_handed_in(tmp_path):
    then = datetime(2024, 5, 1, tzinfo=UTC)
    account = open_account(Settings(home=tmp_path), now=lambda: then)
    try:
        issued = issue_token(account, SYSTEM, name="anna", role="reader")
        assert issued.token.created_at == then
    finally:
        close_account(account)


def test_two_processes_may_have_the_account_open(tmp_path):
    accounts = [open_account(Settings(home=tmp_path)) for _ in range(2)]
    for account in accounts:
        close_account(account)


@pytest.mark.parametrize(
    "settings", [{"artifacts_url": "s3://bucket"}, {"catalog_url": "postgresql://db/x"}]
)
def test_a_backend_that_is_not_there_is_named(tmp_path, settings):
    with pytest.raises(InvalidValue, match=r"s3|postgresql"):
        open_account(Settings(home=tmp_path, **settings))


def test_an_older_modelyard_refuses_a_newer_home(tmp_path):
    account = open_account(Settings(home=tmp_path))
    with account.catalog.begin() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    close_account(account)
    with pytest.raises(Unavailable, match="newer Modelyard"):
        open_account(Settings(home=tmp_path))
