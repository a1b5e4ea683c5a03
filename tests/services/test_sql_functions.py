"""Calls of our functions in SQL, and what looks like one and is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from modelyard.access import SYSTEM, Actor
from modelyard.access.parts import Part
from modelyard.account import Account, close_account, open_account
from modelyard.errors import Forbidden, InvalidValue, NotFound
from modelyard.names import Namespace, Qualified
from modelyard.services import sql_functions
from modelyard.services.inference_log import ABOUT, place_of
from modelyard.services.sql_functions import expand, inferences_of
from modelyard.settings import Settings

SPACE = Namespace("ML_DB", "MODELS")
MPG = Qualified(SPACE, "MPG")


@pytest.fixture
def account(tmp_path: Path):
    opened = open_account(Settings(home=tmp_path))
    yield opened
    close_account(opened)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The arguments our functions were called with."""
    found: list[tuple[str, str]] = []

    def told(which: str) -> Any:
        def call(account: Account, actor: Actor, place: Namespace, text: str) -> pa.Table:
            found.append((which, text))
            return pa.table({"log": ["x"]})

        return call

    monkeypatch.setattr(sql_functions, "_inferences", told("inferences"))
    monkeypatch.setattr(sql_functions, "_logs", told("logs"))
    return found


@pytest.mark.parametrize(
    ("sql", "becomes", "calls"),
    [
        ("SELECT * FROM INFERENCE_TABLE('M') t", 'SELECT * FROM "modelyard_given_0" t', 1),
        ("select 1 from table ( inference_table ( 'M' ) )", 'select 1 from "modelyard_given_0"', 1),
        ("SELECT 'INFERENCE_TABLE(''M'')'", None, 0),
        ("SELECT 1 -- INFERENCE_TABLE('M')", None, 0),
        ("SELECT 1 /* INFERENCE_TABLE('M') */", None, 0),
        ("SELECT \"INFERENCE_TABLE('M')\", $$ INFERENCE_TABLE('M') $$", None, 0),
        ("SELECT MY_INFERENCE_TABLE('M')", None, 0),
        (
            "SELECT SYSTEM$GET_SERVICE_LOGS('S', '0', 'host', 10)",
            'SELECT (SELECT log FROM "modelyard_given_0")',
            1,
        ),
        (
            "CALL SYSTEM$GET_SERVICE_LOGS('S')",
            'SELECT (SELECT log FROM "modelyard_given_0") AS "SYSTEM$GET_SERVICE_LOGS"',
            1,
        ),
        (
            "SELECT * FROM INFERENCE_TABLE('A') JOIN INFERENCE_TABLE('B')",
            'SELECT * FROM "modelyard_given_0" JOIN "modelyard_given_1"',
            2,
        ),
    ],
)
def test_a_call_becomes_a_table(
    account: Account, asked: list[Any], sql: str, becomes: str | None, calls: int
) -> None:
    found = expand(account, SYSTEM, sql, SPACE)
    assert found.sql == (sql if becomes is None else becomes)
    assert len(found.tables) == len(asked) == calls


@pytest.mark.parametrize(
    "arguments", ["", "'A', 'B'", "MODEL_VERSION => 'V1'", "'A', NOSUCH => 'x'", "'A',", "model"]
)
def test_other_arguments_are_refused(account: Account, arguments: str) -> None:
    with pytest.raises(InvalidValue, match="INFERENCE_TABLE"):
        expand(account, SYSTEM, f"SELECT * FROM INFERENCE_TABLE({arguments})", SPACE)


def test_what_is_not_there_is_not_found_and_what_is_not_granted_is_refused(
    account: Account,
) -> None:
    with pytest.raises(NotFound):
        expand(account, SYSTEM, "SELECT * FROM INFERENCE_TABLE('MPG')", SPACE)
    with pytest.raises(NotFound):
        expand(account, SYSTEM, "SELECT SYSTEM$GET_SERVICE_LOGS('svc')", SPACE)
    elsewhere = Actor("r", "admin", "id", grants=(Part("schema", ("ELSE", "WHERE")),))
    for call in ("* FROM INFERENCE_TABLE('MPG')", "SYSTEM$GET_SERVICE_LOGS('svc')"):
        with pytest.raises(Forbidden):
            expand(account, elsewhere, f"SELECT {call}", SPACE)
    with pytest.raises(Forbidden):
        expand(
            account,
            Actor("r", "reader", "id"),
            "SELECT * FROM TABLE(INFERENCE_TABLE('MPG', MODEL_VERSION => 'V1'))",
            SPACE,
        )


def keep(account: Account, version: str, **columns: Any) -> None:
    from modelyard.services.inference_log import _write

    table = pa.table({**{f.name: pa.nulls(1, f.type) for f in ABOUT}, **columns})
    _write(place_of(account.settings.home, MPG) / version / "svc", table)


def test_versions_are_read_together_as_far_as_a_type_holds_them(account: Account) -> None:
    def run(dataset: Any) -> list[dict[str, Any]]:
        sql = 'SELECT "request.data.wt" AS wt FROM given ORDER BY 1'
        return account.warehouse.run(sql, SPACE, given={"given": dataset}).to_pylist()

    assert run_empty(account) == 0
    keep(account, "v1", **{"request.data.wt": pa.array([1], pa.int32())})
    keep(account, "v2", **{"request.data.wt": pa.array([2.5])})
    assert run(inferences_of(account, MPG, None)) == [{"wt": 1.0}, {"wt": 2.5}]
    assert run(inferences_of(account, MPG, "v2")) == [{"wt": 2.5}]
    keep(account, "v3", **{"request.data.wt": pa.array(["heavy"])})
    with pytest.raises(InvalidValue, match="other types"):
        inferences_of(account, MPG, None)
    assert run(inferences_of(account, MPG, "v3")) == [{"wt": "heavy"}]


def run_empty(account: Account) -> int:
    table = inferences_of(account, MPG, None)
    found = account.warehouse.run("SELECT version FROM given", SPACE, given={"given": table})
    return found.num_rows
