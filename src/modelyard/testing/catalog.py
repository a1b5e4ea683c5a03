"""What every catalog promises, as tests: subclass it and give the fixture ``open_catalog``.

::

    class TestMine(CatalogContract):
        @pytest.fixture
        def open_catalog(self, tmp_path):
            return lambda: ...      # each call opens the same database anew
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, func, insert, select, text, update

from modelyard.catalog import tables
from modelyard.catalog.base import Catalog
from modelyard.errors import Internal, Unavailable

NOW = datetime(2024, 5, 1, 12, 30, 15, 123456, tzinfo=UTC)
OpenCatalog = Callable[[], Catalog]


def add_event(tx: Connection, subject: str, detail: Any = None) -> None:
    """Write one row."""
    values = {"at": NOW, "actor": "anna", "kind": "Tested", "subject": subject}
    tx.execute(insert(tables.event).values(**values, detail=detail or {}))


def subjects(catalog: Catalog) -> list[str]:
    """The rows there are."""
    with catalog.connect() as tx:
        return list(tx.scalars(select(tables.event.c.subject).order_by(tables.event.c.id)))


class CatalogContract:
    """The promise of :class:`~modelyard.catalog.base.Catalog`."""

    @pytest.fixture
    def catalog(self, open_catalog: OpenCatalog) -> Any:
        """A catalog with its tables."""
        catalog = open_catalog()
        catalog.upgrade()
        yield catalog
        catalog.close()

    def test_what_was_written_is_there_after_opening_again(
        self, catalog: Catalog, open_catalog: OpenCatalog
    ) -> None:
        with catalog.begin() as tx:
            add_event(tx, "a")
        catalog.close()
        again = open_catalog()
        again.upgrade()
        assert subjects(again) == ["a"]
        again.close()

    def test_a_failed_write_leaves_nothing(self, catalog: Catalog) -> None:
        with pytest.raises(RuntimeError), catalog.begin() as tx:
            add_event(tx, "a")
            raise RuntimeError
        assert subjects(catalog) == []
        with catalog.begin() as tx:
            add_event(tx, "b")
        assert subjects(catalog) == ["b"]

    def test_a_refused_statement_is_an_error_of_ours_and_leaves_nothing(
        self, catalog: Catalog
    ) -> None:
        with pytest.raises(Internal), catalog.begin() as tx:
            add_event(tx, "a")
            tx.execute(text("SELECT nothing FROM nowhere"))
        assert subjects(catalog) == []

    def test_a_reader_sees_one_moment(self, catalog: Catalog) -> None:
        with catalog.connect() as tx:
            count = select(func.count()).select_from(tables.event)
            assert tx.scalar(count) == 0
            with catalog.begin() as writer:
                add_event(writer, "a")
            assert tx.scalar(count) == 0
        assert subjects(catalog) == ["a"]

    def test_a_reader_sees_nothing_that_is_not_committed(self, catalog: Catalog) -> None:
        with catalog.begin() as tx:
            add_event(tx, "a")
            assert subjects(catalog) == []

    def test_writers_take_turns(self, catalog: Catalog) -> None:
        with catalog.begin() as tx:
            _add_counter(tx)
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: _count_up(catalog), range(80)))
        with catalog.connect() as tx:
            assert tx.scalar(select(tables.model.c.next_number)) == 81

    def test_times_and_values_come_back_as_they_were(self, catalog: Catalog) -> None:
        detail = {"a": [1, 0.1, -0.0, None, True, "ü☃"], "b": {"c": 2**53}}
        with catalog.begin() as tx:
            add_event(tx, "a", detail)
        with catalog.connect() as tx:
            row = tx.execute(select(tables.event.c.at, tables.event.c.detail)).one()
        assert row.at == NOW and row.at.tzinfo is not None
        assert repr(row.detail) == repr(detail)

    def test_a_time_without_a_zone_is_refused(self, catalog: Catalog) -> None:
        with pytest.raises(Exception, match="zone"), catalog.begin() as tx:
            values = {"actor": "a", "kind": "K", "subject": "s", "detail": {}}
            tx.execute(insert(tables.event).values(at=NOW.replace(tzinfo=None), **values))

    def test_events_are_for_ever(self, catalog: Catalog) -> None:
        with catalog.begin() as tx:
            add_event(tx, "a")
        for change in (update(tables.event).values(actor="b"), tables.event.delete()):
            with pytest.raises(Internal), catalog.begin() as tx:
                tx.execute(change)
        assert subjects(catalog) == ["a"]

    def test_upgrading_twice_changes_nothing(self, catalog: Catalog) -> None:
        with catalog.begin() as tx:
            add_event(tx, "a")
        catalog.upgrade()
        assert subjects(catalog) == ["a"]

    def test_the_revisions_lead_to_the_tables(self, catalog: Catalog) -> None:
        with catalog.connect() as tx:
            context = MigrationContext.configure(tx, opts={"compare_type": True})
            assert compare_metadata(context, tables.metadata) == []

    def test_a_newer_catalog_is_refused(self, catalog: Catalog) -> None:
        with catalog.begin() as tx:
            tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(Unavailable, match="newer Modelyard"):
            catalog.upgrade()
        assert subjects(catalog) == []


def _add_counter(tx: Connection) -> None:
    names = dict.fromkeys(("database", "schema", "name"), "M")
    keys = {f"{n}_key": "m" for n in names}
    tx.execute(insert(tables.model).values(**names, **keys, created_at=NOW, created_by="anna"))


def _count_up(catalog: Catalog) -> None:
    """Read, then write: lost if two may do it at once."""
    number = tables.model.c.next_number
    with catalog.begin() as tx:
        now = tx.scalar(select(number)) or 0
        tx.execute(update(tables.model).values(next_number=now + 1))
