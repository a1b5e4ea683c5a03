"""A warehouse opened when it is first needed keeps the same contract."""

import pytest

from modelyard.testing.warehouse import CARS, ROWS, WarehouseContract
from modelyard.warehouse.duckdb import DuckDBWarehouse
from modelyard.warehouse.ondemand import OnDemandWarehouse


@pytest.fixture
def warehouse(tmp_path):
    opened = OnDemandWarehouse(lambda: DuckDBWarehouse(tmp_path / "warehouse"))
    yield opened
    opened.close()


class TestOnDemand(WarehouseContract):
    pass


def test_nothing_is_opened_until_something_is_asked(tmp_path, warehouse):
    warehouse.close()
    assert not (tmp_path / "warehouse").exists()
    warehouse.write(CARS, ROWS, overwrite=False)
    assert (tmp_path / "warehouse").exists()


def test_after_closing_another_may_open_it(tmp_path, warehouse):
    warehouse.write(CARS, ROWS, overwrite=False)
    warehouse.close()
    other = DuckDBWarehouse(tmp_path / "warehouse")
    assert len(other.tables(None)) == 1
    other.close()
