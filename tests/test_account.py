"""Settings become an account."""

import io
import shutil
import sqlite3
import stat
import threading
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


def used_home(home):
    """The home of an account that has an artifact and a service's folder."""
    account = open_account(Settings(home=home))
    account.artifacts.put(io.BytesIO(b"a model"))
    (home / "services" / "0123456789abcdef").mkdir(parents=True)
    close_account(account)
    return home


def blank(file):
    file.unlink()
    raw = sqlite3.connect(file)
    raw.execute("CREATE TABLE t (x)")
    raw.execute("DROP TABLE t")
    raw.close()
    assert file.stat().st_size > 0


@pytest.mark.parametrize(
    ("harm", "state"),
    [
        (lambda file: file.unlink(), "missing"),
        (lambda file: file.write_bytes(b""), "empty"),
        (blank, "empty"),
    ],
    ids=["missing", "empty", "without tables"],
)
def test_a_home_that_has_lost_its_catalog_is_not_taken_for_a_new_one(tmp_path, harm, state):
    home = used_home(tmp_path)
    file = home / "catalog.db"
    harm(file)
    for _ in range(2):  # a first try leaves nothing that a second would take for a catalog
        with pytest.raises(Unavailable) as caught:
            open_account(Settings(home=home))
        assert caught.value.message == (
            f"The catalog {file} is {state}, but this is no new account: its home has "
            "1 file in artifacts/ and 1 folder in services/."
        )
        assert "Restore the catalog from a backup" in caught.value.hint
    assert file.exists() == (state == "empty")
    assert [p.name for p in (home / "services").iterdir()] == ["0123456789abcdef"]


@pytest.mark.parametrize("lost", ["artifacts", "services"])
def test_one_of_its_folders_is_enough_to_know_an_account(tmp_path, lost):
    home = used_home(tmp_path)
    shutil.rmtree(home / lost)
    (home / "catalog.db").unlink()
    with pytest.raises(Unavailable, match="is missing"):
        open_account(Settings(home=home))


def test_a_catalog_elsewhere_may_not_be_new_either(tmp_path):
    home = used_home(tmp_path / "home")
    url = f"sqlite:///{tmp_path}/elsewhere/other.db"
    with pytest.raises(Unavailable, match=r"elsewhere/other\.db is missing"):
        open_account(Settings(home=home, catalog_url=url))
    assert not (tmp_path / "elsewhere").exists()


def test_a_home_with_no_more_than_settings_and_empty_folders_is_new(tmp_path):
    for folder in ("artifacts/ab", "services", "warehouse", "tls"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("settings.toml", "token", "server.json", "server.log", "catalog.db"):
        (tmp_path / file).touch()
    close_account(open_account(Settings(home=tmp_path)))


def test_an_account_that_others_make_and_use_at_once_is_none_that_lost_its_catalog(tmp_path):
    troubles = []

    def use(home, number):
        try:
            account = open_account(Settings(home=home))
            account.artifacts.put(io.BytesIO(b"%d" % number))
            close_account(account)
        except Exception as e:
            troubles.append(e)

    for attempt in range(5):
        home = tmp_path / str(attempt)
        users = [threading.Thread(target=use, args=(home, n)) for n in range(6)]
        for user in users:
            user.start()
        for user in users:
            user.join()
    assert troubles == []


def test_a_first_commit_is_told_from_an_empty_file(tmp_path):
    """What only the log of SQLite has yet, when another process looks."""
    account = open_account(Settings(home=tmp_path))
    account.artifacts.put(io.BytesIO(b"a model"))
    assert (tmp_path / "catalog.db-wal").stat().st_size > 0
    close_account(open_account(Settings(home=tmp_path)))
    close_account(account)
