"""What every warehouse promises, as tests: subclass it and give the fixture ``warehouse``.

::

    class TestMine(WarehouseContract):
        @pytest.fixture
        def warehouse(self, tmp_path):
            ...
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from modelyard.errors import (
    AlreadyExists,
    DuplicateColumn,
    Forbidden,
    InvalidValue,
    NotFound,
    PrecisionLoss,
)
from modelyard.names import Namespace, Qualified
from modelyard.warehouse.base import TableInfo, Warehouse

HERE = Namespace("ML_DB", "MODELS")
CARS = Qualified(HERE, "Car_Data")
ROWS = pa.table(
    {
        "Wt": pa.array([2.62, None, math.nan], pa.float64()),
        "cyl": pa.array([6, None, 8], pa.int32()),
        "name": pa.array(["Mazda RX4", None, "Ünïcode, 'quoted'"]),
        "am": pa.array([True, None, False]),
        "gear": pa.array(["four", "three", None]).dictionary_encode(),
        "day": pa.array([19000, None, 1], pa.date32()),
        "at": pa.array([1577836800123456789, None, 0], pa.timestamp("ns", tz="UTC")),
    }
)


def rows_of(answer: pa.Table | int) -> list[dict[str, object]]:
    """The rows of a query's answer as dicts."""
    assert isinstance(answer, pa.Table)
    return list(answer.to_pylist())


class WarehouseContract:
    """Names, types, writing and SQL; about half a second in all."""

    def test_rows_come_back_as_they_were_written(self, warehouse: Warehouse) -> None:
        """Every type, missing values and NaN apart, in order; factors as text."""
        assert warehouse.write(CARS, ROWS, overwrite=False) == 3
        back = warehouse.read(CARS, None)
        assert back.column_names == ROWS.column_names
        assert back["Wt"].is_null().to_pylist() == [False, True, False]
        assert math.isnan(back["Wt"][2].as_py())
        assert back["cyl"].type == pa.int32()
        assert back["gear"].to_pylist() == ["four", "three", None]
        for name in ("cyl", "name", "am", "day", "at"):
            assert back[name].combine_chunks().equals(ROWS[name].combine_chunks()), name

    def test_names_keep_their_case_and_match_without_it(self, warehouse: Warehouse) -> None:
        """Of tables, columns, schemas and databases."""
        warehouse.write(CARS, ROWS, overwrite=False)
        for name in ("car_data", "models.CAR_DATA", "ml_db.Models.Car_Data"):
            found = warehouse.run(f"SELECT WT, CYL FROM {name} LIMIT 1", HERE)  # noqa: S608
            assert isinstance(found, pa.Table)
            assert found.column_names == ["Wt", "cyl"]
        other = Namespace("ml_db", "models")
        assert warehouse.tables(other) == [TableInfo("ML_DB", "MODELS", "Car_Data")]
        assert warehouse.read(Qualified(other, "CAR_DATA"), 1).num_rows == 1

    def test_an_existing_table_is_replaced_only_when_asked(self, warehouse: Warehouse) -> None:
        """And a refused write changes nothing."""
        warehouse.write(CARS, ROWS, overwrite=False)
        with pytest.raises(AlreadyExists):
            warehouse.write(Qualified(HERE, "CAR_DATA"), ROWS.slice(0, 1), overwrite=False)
        assert warehouse.read(CARS, None).num_rows == 3
        warehouse.write(CARS, ROWS.slice(0, 1), overwrite=True)
        assert warehouse.read(CARS, None).num_rows == 1

    def test_a_failed_write_leaves_the_old_table(self, warehouse: Warehouse) -> None:
        """Whether the rows cannot be stored or the statement fails half-way."""
        warehouse.write(CARS, ROWS, overwrite=False)
        with pytest.raises(InvalidValue):
            warehouse.write(CARS, pa.table({"l": [[1], [2]]}), overwrite=True)
        with pytest.raises(InvalidValue):
            warehouse.run(
                "CREATE OR REPLACE TABLE Car_Data AS "
                "SELECT CAST(CASE WHEN i < 5000 THEN '1' ELSE 'x' END AS INT) AS i "
                "FROM range(9000) t(i)",
                HERE,
            )
        assert warehouse.read(CARS, None).column_names == ROWS.column_names

    def test_what_is_not_there_is_not_found(self, warehouse: Warehouse) -> None:
        """And the error lists what is."""
        warehouse.write(CARS, ROWS, overwrite=False)
        nosuch = Qualified(HERE, "NOSUCH")
        for action in (
            lambda: warehouse.read(nosuch, None),
            lambda: warehouse.drop(nosuch),
            lambda: warehouse.run("SELECT * FROM NOSUCH", HERE),
            lambda: warehouse.run("SELECT * FROM ML_DB.MODELS.NOSUCH", HERE),
            lambda: warehouse.run("INSERT INTO NOSUCH VALUES (1)", HERE),
        ):
            with pytest.raises(NotFound) as e:
                action()
            assert "NOSUCH" in e.value.message
            assert "Car_Data" in str(e.value.hint)

    def test_a_query_works_where_nothing_was_written(self, warehouse: Warehouse) -> None:
        """It makes no database either."""
        empty = Namespace("NEW_DB", "S")
        assert rows_of(warehouse.run("SELECT 1 AS one", empty)) == [{"one": 1}]
        with pytest.raises(NotFound):
            warehouse.run("SELECT * FROM t", empty)
        assert warehouse.tables(None) == []

    def test_statements_tell_how_many_rows_changed(self, warehouse: Warehouse) -> None:
        """And make the schema they write to."""
        new = Namespace("NEW_DB", "S")
        assert warehouse.run("CREATE TABLE t (a INT)", new) == 0
        assert warehouse.run("ALTER TABLE t RENAME a TO b", new) == 0
        assert warehouse.run("ALTER TABLE t RENAME b TO a", new) == 0
        assert warehouse.run("INSERT INTO t VALUES (1), (2), (3)", new) == 3
        assert warehouse.run("UPDATE t SET a = 9 WHERE a > 1", new) == 2
        assert rows_of(warehouse.run("DELETE FROM t WHERE a = 1 RETURNING a", new)) == [{"a": 1}]
        assert rows_of(warehouse.run("SELECT a FROM NEW_DB.S.t", HERE)) == [{"a": 9}, {"a": 9}]
        warehouse.drop(Qualified(new, "T"))
        assert warehouse.tables(new) == []
        assert warehouse.run("CREATE TABLE u AS SELECT 1 AS a", new) == 1
        assert warehouse.run("DROP TABLE u", new) == 0

    def test_a_query_changes_nothing(self, warehouse: Warehouse) -> None:
        """Not even one that hides a statement; and a statement is no query."""
        warehouse.run("CREATE TABLE t (a INT)", HERE)
        with pytest.raises(InvalidValue):
            warehouse.run("WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * FROM x", HERE)
        for sql in ("INSERT INTO t VALUES (1)", "EXPLAIN ANALYZE INSERT INTO t VALUES (1)"):
            with pytest.raises(Forbidden):
                warehouse.run(sql, HERE, read_only=True)
        assert rows_of(warehouse.run("SELECT count(*) AS n FROM t", HERE, read_only=True)) == [
            {"n": 0}
        ]

    def test_views_are_listed_read_and_dropped(self, warehouse: Warehouse) -> None:
        """Like tables."""
        warehouse.run("CREATE VIEW v AS SELECT 1 AS a", HERE)
        view = Qualified(HERE, "V")
        assert [t.name for t in warehouse.tables(HERE)] == ["v"]
        assert warehouse.read(view, None).num_rows == 1
        warehouse.drop(view)
        assert warehouse.tables(HERE) == []

    @pytest.mark.parametrize(
        ("sql", "kind", "value"),
        [
            ("SELECT count(*) AS x FROM range(5)", pa.int32(), 5),
            ("SELECT 3000000000 AS x", pa.float64(), 3e9),
            ("SELECT -2147483648::BIGINT AS x", pa.float64(), -(2.0**31)),
            ("SELECT sum(i) AS x FROM range(5) t(i)", pa.float64(), 10.0),
            ("SELECT 0.1 AS x", pa.float64(), 0.1),
            ("SELECT 7::UTINYINT AS x", pa.int32(), 7),
            ("SELECT NULL AS x", pa.bool_(), None),
            ("SELECT 1.5::FLOAT AS x", pa.float64(), 1.5),
        ],
    )
    def test_numbers_come_in_types_r_has(
        self, warehouse: Warehouse, sql: str, kind: pa.DataType, value: object
    ) -> None:
        """The same number, or an error; -2147483648 is R's missing integer, so not an integer."""
        found = warehouse.run(sql, HERE)
        assert isinstance(found, pa.Table)
        assert found.schema.field("x").type == kind
        assert found["x"].to_pylist() == [value]

    def test_a_number_no_r_type_holds_is_refused(self, warehouse: Warehouse) -> None:
        """With its column and row."""
        for sql in (
            "SELECT * FROM (VALUES (1), (9007199254740993)) t(big)",
            "SELECT sum(i) AS big FROM (VALUES (9007199254740993)) t(i) UNION ALL SELECT 1",
        ):
            with pytest.raises(PrecisionLoss) as e:
                warehouse.run(sql, HERE)
            assert e.value.details[0].column == "big"

    def test_columns_no_data_frame_has_are_refused(self, warehouse: Warehouse) -> None:
        """By name, as are two columns of one name."""
        for sql in ("SELECT [1] AS odd", "SELECT {'a': 1} AS odd", "SELECT INTERVAL 1 DAY AS odd"):
            with pytest.raises(InvalidValue, match="'odd'"):
                warehouse.run(sql, HERE)
        with pytest.raises(DuplicateColumn):
            warehouse.run("SELECT 1 AS a, 2 AS a", HERE)
        with pytest.raises(DuplicateColumn):
            warehouse.write(CARS, pa.table({"a": [1], "A": [2]}), overwrite=False)
        with pytest.raises(InvalidValue):
            warehouse.write(CARS, pa.table({}), overwrite=False)

    @pytest.mark.parametrize("sql", ["SELEC 1", "SELECT x FROM Car_Data", "", "SELECT 1; SELECT 2"])
    def test_wrong_sql_is_an_invalid_value(self, warehouse: Warehouse, sql: str) -> None:
        """One sentence, and nothing of the machine's."""
        warehouse.write(CARS, ROWS, overwrite=False)
        with pytest.raises(InvalidValue) as e:
            warehouse.run(sql, HERE)
        assert "\n" not in e.value.message
        assert "/" not in e.value.message

    def test_an_empty_table_keeps_its_columns(self, warehouse: Warehouse) -> None:
        """No rows are rows too."""
        warehouse.write(CARS, ROWS.slice(0, 0), overwrite=False)
        back = warehouse.read(CARS, None)
        assert (back.num_rows, back.column_names) == (0, ROWS.column_names)

    def test_many_write_and_read_at_once(self, warehouse: Warehouse) -> None:
        """Into several databases, two of them new, each row exactly once."""

        def work(i: int) -> int:
            space = Namespace(f"DB{i % 3}", "S")
            warehouse.write(Qualified(space, f"t{i}"), ROWS, overwrite=False)
            return len(rows_of(warehouse.run(f"SELECT Wt FROM t{i}", space)))  # noqa: S608

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(24))) == [3] * 24
        assert len(warehouse.tables(None)) == 24

    def test_a_given_table_is_seen_by_its_statement_alone(self, warehouse: Warehouse) -> None:
        """Queries and statements read it; it is no table of the warehouse."""
        given = {"given": pa.table({"x": [1.5, None]})}
        found = warehouse.run("SELECT x FROM given WHERE x > 1", HERE, read_only=True, given=given)
        assert rows_of(found) == [{"x": 1.5}]
        assert warehouse.run("CREATE TABLE kept AS SELECT * FROM given", HERE, given=given) == 2
        assert rows_of(warehouse.run("SELECT x FROM kept", HERE)) == [{"x": 1.5}, {"x": None}]
        with pytest.raises(NotFound):
            warehouse.run("SELECT * FROM given", HERE)
