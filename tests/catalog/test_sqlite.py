"""The catalog in SQLite: the contract, and what only a file can meet."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, select, text

from modelyard.catalog import engine, migrations, tables
from modelyard.catalog.engine import open_catalog as open_sqlite
from modelyard.catalog.revision import newest
from modelyard.errors import InvalidValue, StorageFull, Unavailable
from modelyard.testing.catalog import CatalogContract, add_event, subjects


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "home" / "catalog.db"


class TestSqlite(CatalogContract):
    @pytest.fixture
    def open_catalog(self, file):
        return lambda: open_sqlite(f"sqlite:///{file}")


@pytest.fixture
def catalog(file):
    catalog = open_sqlite(f"sqlite:///{file}")
    catalog.upgrade()
    yield catalog
    catalog.close()


def test_every_commit_reaches_the_disk(catalog):
    with catalog.connect() as tx:
        pragmas = {p: tx.scalar(text(f"PRAGMA {p}")) for p in ("journal_mode", "synchronous")}
        assert pragmas == {"journal_mode": "wal", "synchronous": 2}
        assert tx.scalar(text("PRAGMA foreign_keys")) == 1


def test_nobody_else_may_read_the_file(catalog, file):
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_an_address_that_cannot_be_a_catalog_is_refused(url):
    with pytest.raises(InvalidValue):
        open_sqlite(url)


def test_a_writer_that_waits_too_long_is_told_so(catalog, file, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_TRIES", 2)
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.05)
    impatient = open_sqlite(f"sqlite:///{file}")
    with catalog.begin() as tx:
        add_event(tx, "a")
        with pytest.raises(Unavailable, match="busy"), impatient.begin():
            raise AssertionError("two writers at once")
        assert subjects(impatient) == []
    with impatient.begin() as tx:
        add_event(tx, "b")
    assert subjects(catalog) == ["a", "b"]
    impatient.close()


def test_a_full_disk_loses_nothing_and_is_got_over(catalog):
    with catalog.begin() as tx:
        add_event(tx, "before")
        pages = tx.scalar(text("PRAGMA page_count"))
    with pytest.raises(StorageFull), catalog.begin() as tx:
        tx.execute(text(f"PRAGMA max_page_count = {pages}"))
        add_event(tx, "much", ["x" * 1_000_000])
    assert subjects(catalog) == ["before"]
    with catalog.begin() as tx:
        tx.execute(text("PRAGMA max_page_count = 1000000"))
        add_event(tx, "after")
    assert subjects(catalog) == ["before", "after"]


def test_a_disk_that_refuses_is_no_crash(tmp_path):
    (tmp_path / "catalog.db").mkdir()
    with pytest.raises(Unavailable):
        open_sqlite(f"sqlite:///{tmp_path}/catalog.db").upgrade()


def test_what_is_no_database_is_told_so(file):
    file.parent.mkdir()
    file.write_bytes(b"this is no database" * 100)
    with pytest.raises(Unavailable, match=rf"file {file.name} is damaged"):
        open_sqlite(f"sqlite:///{file}").upgrade()


OLD_TOKENS = [
    ("a", "owner", None, []),
    ("b", "caller", "svc", ["service svc"]),
    ("c", "caller", "DB.S.svc", ["service DB.S.svc"]),
    ("d", "caller", "no name", []),
]


def test_tokens_of_before_keep_their_service_and_no_more(file):
    file.parent.mkdir()
    with create_engine(f"sqlite:///{file}").begin() as tx:
        command.upgrade(migrations._config(tx), "0002")
        for token_id, role, service, _ in OLD_TOKENS:
            values = {"id": token_id, "role": role, "service": service}
            tx.execute(text(INSERT_OLD_TOKEN), values)
    catalog = open_sqlite(f"sqlite:///{file}")
    catalog.upgrade()
    with catalog.connect() as tx:
        rows = tx.execute(select(tables.token).order_by(tables.token.c.id)).all()
    catalog.close()
    assert [(r.id, r.role, r.grants) for r in rows] == [(i, r, g) for i, r, _, g in OLD_TOKENS]
    assert {(r.user_name, r.name, r.networks == []) for r in rows} == {("anna", "anna", True)}


INSERT_OLD_TOKEN = """
INSERT INTO token (id, name, role, service, secret_sha256, created_at, created_by)
VALUES (:id, 'anna', :role, :service, 'x', '2024-05-01T12:00:00.000000Z', 'owner')
"""

KILLED_WHILE_UPGRADING = """
import os, signal, sys
from sqlalchemy import event
from modelyard.catalog.engine import open_catalog
catalog = open_catalog(f"sqlite:///{sys.argv[1]}")
left = int(sys.argv[2])
def count(*_):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
event.listen(catalog._engine, "before_cursor_execute", count)
catalog.upgrade()
"""


def test_an_upgrade_killed_at_any_statement_is_done_or_not_begun(tmp_path):
    for nth in range(0, 60, 6):
        file = tmp_path / f"{nth}.db"
        program = [sys.executable, "-c", KILLED_WHILE_UPGRADING, str(file), str(nth)]
        died = subprocess.run(program, check=False).returncode
        with sqlite3.connect(file) as raw:
            there = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        raw.close()
        assert (there == []) == (died != 0), (nth, died, there)
        catalog = open_sqlite(f"sqlite:///{file}")
        catalog.upgrade()
        assert subjects(catalog) == []
        catalog.close()


def test_the_newest_revision_is_the_head_of_the_chain():
    heads = ScriptDirectory.from_config(migrations._config(None)).get_heads()
    assert heads == [newest()]


def test_an_account_that_is_up_to_date_is_opened_without_alembic(file):
    open_sqlite(f"sqlite:///{file}").upgrade()
    code = (
        "import sys; from modelyard.catalog.engine import open_catalog; "
        f"open_catalog('sqlite:///{file}').upgrade(); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
