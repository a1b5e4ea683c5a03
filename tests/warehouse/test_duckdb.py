"""The DuckDB warehouse keeps the contract, its files to itself, and everybody else's files out."""

import subprocess
import sys
import threading

import duckdb
import pyarrow as pa
import pytest

from modelyard.errors import InvalidName, InvalidValue, TooLarge, Unavailable
from modelyard.names import Namespace, Qualified
from modelyard.testing.warehouse import CARS, HERE, ROWS, WarehouseContract
from modelyard.warehouse import duckdb as duckdb_warehouse
from modelyard.warehouse.duckdb import DuckDBWarehouse
from modelyard.warehouse.sql_errors import not_opened


@pytest.fixture
def warehouse(tmp_path):
    opened = DuckDBWarehouse(tmp_path / "warehouse")
    yield opened
    opened.close()


class TestDuckDB(WarehouseContract):
    pass


def test_tables_are_there_after_opening_again(tmp_path):
    for expected in (0, 1):
        warehouse = DuckDBWarehouse(tmp_path)
        assert len(warehouse.tables(None)) == expected
        warehouse.write(CARS, ROWS, overwrite=True)
        warehouse.close()
    assert [f.name for f in tmp_path.glob("*.duckdb*")] == ["ML_DB.duckdb"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_csv('http://127.0.0.1:9/x.csv')",
        "CREATE TABLE t AS SELECT * FROM read_csv('{file}')",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "ATTACH '{folder}/other.duckdb'",
        "ATTACH ':memory:' AS other",
        "DETACH ML_DB",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "USE memory",
        "BEGIN",
        "CALL pragma_version()",
        "PRAGMA database_list",
        "CREATE SECRET (TYPE s3)",
    ],
)
def test_sql_touches_no_file_no_network_and_no_setting(warehouse, tmp_path, sql):
    warehouse.write(CARS, ROWS, overwrite=False)
    (tmp_path / "secret.csv").write_text("a\n1\n")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(Exception) as e:
        warehouse.run(sql.format(file=tmp_path / "secret.csv", folder=tmp_path), HERE)
    assert e.value.code in {"invalid_value", "not_found"}
    assert sorted(tmp_path.iterdir()) == before
    assert warehouse.read(CARS, None).num_rows == 3


def test_sql_sees_no_variable_of_the_server(warehouse):
    rows = pa.table({"leak": [1]})
    with pytest.raises(Exception, match="There is no table rows"):
        warehouse.run("SELECT * FROM rows", HERE)
    assert rows.num_rows == 1


def test_names_that_duckdb_keeps_for_itself_are_refused(warehouse):
    for name in ("memory", "SYSTEM", "temp"):
        with pytest.raises(InvalidName):
            warehouse.write(Qualified(Namespace(name, "S"), "t"), ROWS, overwrite=False)


def test_a_negative_limit_is_refused(warehouse):
    warehouse.write(CARS, ROWS, overwrite=False)
    assert warehouse.read(CARS, 2).num_rows == 2
    with pytest.raises(InvalidValue):
        warehouse.read(CARS, -1)


_OTHER = """
import sys
from pathlib import Path
from modelyard.errors import Unavailable
from modelyard.warehouse import duckdb as duckdb_warehouse
from modelyard.warehouse.duckdb import DuckDBWarehouse
try:
    DuckDBWarehouse(Path(sys.argv[1]))
except Unavailable as e:
    sys.exit(e.message)
"""


def test_a_second_process_is_told_that_the_files_are_in_use(warehouse, tmp_path):
    warehouse.write(CARS, ROWS, overwrite=False)
    command = [sys.executable, "-c", _OTHER, str(tmp_path / "warehouse")]
    other = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert other.stderr.strip() == "The warehouse's files are in use by another process."


def test_a_statement_without_end_is_interrupted_and_others_go_on(tmp_path):
    warehouse = DuckDBWarehouse(tmp_path, deadline_s=0.3)
    endless = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b"
    with pytest.raises(TooLarge, match=r"0\.3 s"):
        warehouse.run(endless, HERE)
    assert warehouse.run("SELECT 1 AS one", HERE).to_pydict() == {"one": [1]}
    warehouse.close()


def test_files_that_cannot_be_opened_for_want_of_room_are_not_said_to_be_in_use():
    full = duckdb.IOException(
        'IO Error: Could not write file "/x/a.duckdb": No space left on device'
    )
    taken = duckdb.IOException('IO Error: Could not set lock on file "/x/a.duckdb"')
    assert not_opened(full).code == "storage_full"
    assert not_opened(taken).code == "unavailable"
    assert "/x" not in not_opened(full).message


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT current_setting('secret_directory')",
        "SELECT path FROM duckdb_databases()",
        'SELECT * FROM "DUCKDB_SETTINGS"()',
        "SELECT * FROM pragma_database_list",
    ],
)
def test_sql_shows_no_path(warehouse, sql):
    with pytest.raises(InvalidValue, match="no file"):
        warehouse.run(sql, HERE)


def test_a_new_database_does_not_wait_for_ever_for_a_statement(tmp_path, monkeypatch):
    monkeypatch.setattr(duckdb_warehouse, "_GRACE_S", 0.0)
    monkeypatch.setattr(duckdb_warehouse, "_CLOSE_WAIT_S", 0.1)
    warehouse = DuckDBWarehouse(tmp_path, deadline_s=0.2)
    inside, leave = threading.Event(), threading.Event()

    def stay():
        with warehouse._cursor():
            inside.set()
            leave.wait(10)

    stuck = threading.Thread(target=stay)
    stuck.start()
    inside.wait(10)
    with pytest.raises(Unavailable, match="does not end"):
        warehouse.write(CARS, ROWS, overwrite=True)
    leave.set()
    stuck.join()
    assert warehouse.write(CARS, ROWS, overwrite=True) == ROWS.num_rows
    warehouse.close()
